// How to reach a server, and when to try again.

/** Names and values, in any form that `new Headers` takes. */
export type HeadersLike = NonNullable<ConstructorParameters<typeof Headers>[0]>;

export interface RetryPolicy {
  /** The first delay; 1,000 by default. `retry:` sets it. */
  base?: number;
  /** The longest delay, but for what a server asks for by `Retry-After`, which counts up to a day; 30,000 by default. */
  max?: number;
  /** The shortest delay; 500 by default. */
  min?: number;
  /** How many times in a row it is tried again; null, the default, for no end. */
  attempts?: number | null;
  /**
   * How long it may take until a connection stands again, from the first failure in a row on, or from the first attempt on: no attempt
   * begins later, and one that still waits for its answer is given up. null, the default, for no end.
   */
  deadline?: number | null;
  /** Whether a request with a body is sent again; false by default. */
  resendBody?: boolean;
  /** How long a connection must stand, and deliver, before the delays begin anew; 10,000 by default. */
  stableAfter?: number;
}

export type QueryValue = string | number | boolean | null | undefined;

/** PEM as bytes, or as a string; or the path of a file that has it. */
export type Pem = string | Uint8Array | URL;

/** How to reach a server. */
export interface TransportOptions {
  /**
   * Whom to trust: true, the default, is whom the system trusts; else the certificates of authorities, in PEM. False trusts anybody, with
   * a process warning of the code EVENTWIRE_UNVERIFIED.
   */
  verify?: boolean | Pem;
  /** Who to be for servers that ask: certificate and key in PEM, in one or apart. */
  cert?: Pem | { cert: Pem; key: Pem };
  /** A proxy (http, https, socks5, socks5h); false for none. By default what HTTP_PROXY, HTTPS_PROXY, ALL_PROXY and NO_PROXY say. */
  proxy?: string | URL | false;
  /** Cookies to begin with, for this host. What servers set is kept and sent again where it belongs. By default none are kept. */
  cookies?: Record<string, string>;
  /** A name and a password (RFC 7617), in place of an `Authorization` among the headers. */
  auth?: { username: string; password: string };
}
