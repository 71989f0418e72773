//! How to reach a server, in the words of Python and JavaScript.

use std::fmt;

use eventwire_client as client;

use crate::failure::Failure;

/// How to reach a server: whom to trust, who to be, by which way.
#[derive(Clone, Default)]
pub struct Transport {
    /// Whom to trust.
    pub verify: Verify,
    /// What is shown to servers that ask who one is: certificate and key, in one text or in two. None where it is empty.
    pub cert: Vec<Source>,
    /// By which way.
    pub proxy: Proxy,
    /// Cookies to begin with; None where no cookies are kept.
    pub cookies: Option<Vec<(String, String)>>,
    /// A name and a password.
    pub auth: Option<(String, String)>,
}

/// Whom to trust.
#[derive(Clone, Default)]
pub enum Verify {
    /// Whom the system trusts.
    #[default]
    System,
    /// Only these authorities.
    Authorities(Source),
    /// Anybody.
    Nobody,
}

/// By which way a server is reached.
#[derive(Clone, Default)]
pub enum Proxy {
    /// As the environment says.
    #[default]
    Environment,
    /// Directly.
    None,
    /// Through this one.
    Url(String),
}

/// PEM, or where it is.
#[derive(Clone)]
pub enum Source {
    /// The path of a file; text that is PEM by itself is taken as it is.
    Text(String),
    /// PEM.
    Pem(Vec<u8>),
}

impl Source {
    /// Where it is, if it is not given itself.
    fn path(&self) -> Option<&str> {
        match self {
            Self::Text(text) if !text.contains("-----BEGIN ") && !text.contains('\n') => Some(text),
            Self::Text(_) | Self::Pem(_) => None,
        }
    }

    fn read(self, option: &str) -> Result<Vec<u8>, Failure> {
        match self {
            Self::Pem(pem) => Ok(pem),
            // Some programs write attributes above it.
            Self::Text(text) if text.contains("-----BEGIN ") => Ok(text.into()),
            // No path that anybody has; and it is not to be shown, as it may be a part of a key.
            Self::Text(text) if text.contains('\n') => Err(Failure::argument(format!(
                "{option} is neither a path nor PEM, which has lines as -----BEGIN CERTIFICATE-----"
            ))),
            Self::Text(path) => std::fs::read(&path).map_err(|error| {
                Failure::argument(format!(
                    "{option} cannot be read from {path}: {error}; give the path of a file in PEM, or its text"
                ))
            }),
        }
    }
}

/// What the options are called here, where the client has other names, and from which files they came.
pub(crate) struct Names([(&'static str, String); 2]);

impl Names {
    /// The failure that an error of the options is.
    pub(crate) fn failure(&self, error: client::Error) -> Failure {
        let message = error.to_string();
        let failure = Failure::from(error);
        for (client, here) in &self.0 {
            if let Some(rest) = message.strip_prefix(client)
                && rest.starts_with(' ')
            {
                return failure.saying(format!("{here}{rest}"));
            }
        }
        failure
    }
}

/// The name of an option, with the files that it was read from.
fn named<'a>(option: &str, sources: impl IntoIterator<Item = &'a Source>) -> String {
    let paths: Vec<_> = sources.into_iter().filter_map(Source::path).collect();
    if paths.is_empty() {
        option.to_owned()
    } else {
        format!("{option} ({})", paths.join(" and "))
    }
}

impl Transport {
    pub(crate) fn names(&self) -> Names {
        let authorities = match &self.verify {
            Verify::Authorities(source) => Some(source),
            Verify::System | Verify::Nobody => None,
        };
        Names([
            ("ca", named("verify", authorities)),
            ("client_certificate", named("cert", &self.cert)),
        ])
    }

    pub(crate) fn build(self) -> Result<client::TransportOptions, Failure> {
        let mut options = client::TransportOptions::new();
        options = match self.verify {
            Verify::System => options,
            Verify::Authorities(source) => options.ca(source.read("verify")?),
            Verify::Nobody => options.dangerously_trust_anybody(),
        };
        if !self.cert.is_empty() {
            let mut pem = Vec::new();
            for source in self.cert {
                pem.extend(source.read("cert")?);
                pem.push(b'\n');
            }
            options = options.client_certificate(pem);
        }
        options = match self.proxy {
            Proxy::Environment => options,
            Proxy::None => options.no_proxy(),
            Proxy::Url(url) => options.proxy(url),
        };
        if let Some(cookies) = self.cookies {
            options = options.cookies(cookies);
        }
        Ok(options)
    }
}

impl fmt::Debug for Verify {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::System => "System",
            Self::Authorities(_) => "Authorities",
            Self::Nobody => "Nobody",
        })
    }
}

impl fmt::Debug for Proxy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // It may have a password.
        f.write_str(match self {
            Self::Environment => "Environment",
            Self::None => "None",
            Self::Url(_) => "Url",
        })
    }
}

impl fmt::Debug for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Source")
    }
}

impl fmt::Debug for Transport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Nearly all of it is secret.
        f.write_str("Transport")
    }
}
