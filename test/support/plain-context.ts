import vm from 'node:vm';
import { TestEnvironment } from 'jest-environment-node';

/**
 * jest's environment, its globals in a context of V8's own. In jest's, each use of a global's name (`Math`, `Buffer`) calls
 * a proxy in JavaScript: a loop over bytes is 40 times as slow, and we have many.
 */
export default class PlainContext extends TestEnvironment {
  constructor(...given: ConstructorParameters<typeof TestEnvironment>) {
    const { createContext } = vm;
    Object.assign(vm, { createContext: () => createContext(vm.constants.DONT_CONTEXTIFY) });
    try {
      super(...given);
    } finally {
      Object.assign(vm, { createContext });
    }
  }
}
