/** What the build uses of it. https://github.com/vercel/ncc#programmatically-from-nodejs */
declare module '@vercel/ncc' {
  interface Options {
    /** By the words with which a module is asked for: what is asked for in the bundle. */
    readonly externals: Readonly<Record<string, string>>;
    readonly license: string;
    readonly cache: boolean;
    readonly quiet: boolean;
  }
  interface Module {
    readonly name: string;
    readonly reasons: readonly { readonly moduleName?: string; readonly userRequest?: string }[];
  }
  export default function ncc(
    input: string,
    options: Options,
  ): Promise<{
    readonly code: string;
    readonly assets: Readonly<Record<string, { readonly source: string | Buffer }>>;
    readonly stats: { toJson(options: object): { readonly modules: readonly Module[] } };
  }>;
}
