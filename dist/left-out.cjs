const out = (name) => function () { throw new Error(name + ' is not in the bundle: scripts/build/left-out.ts'); };
module.exports = new Proxy(out('this'), { get: (_, name) => out(String(name)) });
