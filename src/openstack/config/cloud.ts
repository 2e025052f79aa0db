/** One cloud's settings, whatever they came from. */
export interface CloudConfig {
  /** The name of the entry, or `envvars` as openstacksdk calls the cloud of the environment. */
  readonly name: string;
  readonly auth: Auth;
  readonly region: string | undefined;
  readonly interface: 'public' | 'internal' | 'admin';
  readonly verify: boolean;
  /** Whether somebody wrote that certificates are to be checked, or by which authority. */
  readonly verifyIsAsked: boolean;
  readonly cacert: string | undefined;
  readonly cert: string | undefined;
  readonly key: string | undefined;
  /** Service type with `_` for `-` (`volume`, `block_storage`, …) to the URL that replaces the catalogue's. */
  readonly endpointOverrides: Readonly<Record<string, string>>;
}

export type Auth = PasswordAuth | ApplicationCredentialAuth | TokenAuth;

export interface Domain {
  readonly id?: string | undefined;
  readonly name?: string | undefined;
}

export interface ProjectScope {
  readonly id?: string | undefined;
  readonly name?: string | undefined;
  readonly domain: Domain;
}

export interface PasswordAuth {
  readonly type: 'password';
  readonly authUrl: string;
  readonly user: {
    readonly id?: string | undefined;
    readonly name?: string | undefined;
    readonly domain: Domain;
  };
  readonly password: string;
  readonly project: ProjectScope;
}

/** Bound to one project by its nature: it takes no scope. */
export interface ApplicationCredentialAuth {
  readonly type: 'application_credential';
  readonly authUrl: string;
  readonly id?: string | undefined;
  readonly name?: string | undefined;
  readonly user?:
    | { readonly id?: string | undefined; readonly name?: string | undefined; readonly domain: Domain }
    | undefined;
  readonly secret: string;
}

export interface TokenAuth {
  readonly type: 'token';
  readonly authUrl: string;
  readonly token: string;
  readonly project: ProjectScope;
}
