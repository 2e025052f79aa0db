/** One cloud's settings, wherever they came from. */
export interface CloudConfig {
  /** The name of the entry, or `envvars` as openstacksdk calls the cloud of the environment. */
  readonly name: string;
  readonly auth: Auth;
  /** For all services; {@link services} may say otherwise. */
  readonly region: string | undefined;
  readonly services: Readonly<Record<ServiceType, ServiceSettings>>;
  readonly verify: boolean;
  /** Whether the settings ask for certificates to be checked, or say by which authority. */
  readonly verifyIsAsked: boolean;
  readonly cacert: string | undefined;
  readonly cert: string | undefined;
  readonly key: string | undefined;
  /** Settings that are ignored, where that may surprise. */
  readonly warnings: readonly string[];
}

export type ServiceType = 'block-storage' | 'image' | 'compute' | 'key-manager' | 'network' | 'object-store';

export type Interface = 'public' | 'internal' | 'admin';

/** How to find one service. */
export interface ServiceSettings {
  readonly region: string | undefined;
  /** The first of them that the catalogue has. */
  readonly interfaces: readonly Interface[];
  /** Replaces the catalogue's; may hold `%(project_id)s` and `%(user_id)s`. */
  readonly endpoint: string | undefined;
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

/** Bound to one project, so it takes no scope. */
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
