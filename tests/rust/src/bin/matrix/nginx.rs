//! nginx before a hub, as many have it.

use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicU64, Ordering};

use anyhow::{Context, Result, ensure};
use eventwire_tests::bounded;
use eventwire_tests::program::{Program, root};
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::{Duration, sleep};

/// How nginx is set up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Setup {
    /// As it is without a word about event streams: it buffers, and speaks HTTP/1.0 to the hub.
    Buffering,
    /// As its users are told to set it up: no buffer, HTTP/1.1.
    Unbuffered,
    /// TLS and HTTP/2 to the client, and it buffers.
    Http2,
}

/// A running nginx. Dropped, it ends.
#[derive(Debug)]
pub(crate) struct Nginx {
    program: Program,
    folder: Folder,
    setup: Setup,
    /// `http://` or `https://`, and where it listens.
    pub(crate) origin: String,
}

impl Nginx {
    pub(crate) async fn start(nginx: &Path, setup: Setup, upstream: SocketAddr) -> Result<Nginx> {
        let folder = Folder::new()?;
        let port = TcpListener::bind("127.0.0.1:0").await?.local_addr()?.port();
        let keep_alive = "proxy_http_version 1.1; proxy_set_header Connection \"\";";
        let (scheme, listen, server, location) = match setup {
            Setup::Buffering => ("http", "", String::new(), String::new()),
            Setup::Unbuffered => (
                "http",
                "",
                String::new(),
                format!("proxy_buffering off; {keep_alive}"),
            ),
            Setup::Http2 => {
                folder.certify()?;
                let files = "ssl_certificate server.pem; ssl_certificate_key server.pem;";
                (
                    "https",
                    " ssl http2",
                    files.to_owned(),
                    keep_alive.to_owned(),
                )
            }
        };
        let template = root().join("tests/matrix/nginx.conf");
        let text = fs::read_to_string(&template)
            .with_context(|| format!("cannot read {}", template.display()))?
            .replace("{port}", &port.to_string())
            .replace("{listen}", listen)
            .replace("{server}", &server)
            .replace("{upstream}", &upstream.to_string())
            .replace("{location}", &location);
        let config = folder.0.join("nginx.conf");
        fs::write(&config, text)?;
        let mut command = Command::new(nginx);
        command.arg("-p").arg(&folder.0).arg("-c").arg(&config);
        command.args(["-e", "stderr"]);
        let program = Program::start("nginx", command)?;
        let listens = async {
            while TcpStream::connect(("127.0.0.1", port)).await.is_err() {
                sleep(Duration::from_millis(10)).await;
            }
        };
        bounded("nginx to listen", listens)
            .await
            .with_context(|| format!("it said{}", program.complaints()))?;
        Ok(Nginx {
            program,
            folder,
            setup,
            origin: format!("{scheme}://127.0.0.1:{port}"),
        })
    }

    /// The authority that signed its certificate, as a PEM file.
    pub(crate) fn authority(&self) -> PathBuf {
        self.folder.authority()
    }

    /// Checks that the requests that are over came by the protocol that they were to come by.
    pub(crate) fn check_protocol(&self) -> Result<()> {
        let wanted = match self.setup {
            Setup::Http2 => "HTTP/2.0",
            Setup::Buffering | Setup::Unbuffered => "HTTP/1.1",
        };
        let log = fs::read_to_string(self.folder.0.join("protocols.log"))?;
        ensure!(
            !log.is_empty() && log.lines().all(|line| line == wanted),
            "nginx was asked by {log:?} where {wanted} was to come"
        );
        Ok(())
    }

    /// What it complained of, for a message.
    pub(crate) fn complaints(&self) -> String {
        self.program.complaints()
    }
}

/// A folder of its own, removed at the end.
#[derive(Debug)]
struct Folder(PathBuf);

impl Folder {
    fn new() -> Result<Folder> {
        static FOLDERS: AtomicU64 = AtomicU64::new(0);
        let number = FOLDERS.fetch_add(1, Ordering::Relaxed);
        let name = format!("eventwire-nginx-{}-{number}", std::process::id());
        let path = std::env::temp_dir().join(name);
        fs::create_dir_all(path.join("tmp"))?;
        Ok(Folder(path))
    }

    fn authority(&self) -> PathBuf {
        self.0.join("authority.pem")
    }

    /// Writes a certificate for 127.0.0.1 with its key, and the authority that has signed it.
    fn certify(&self) -> Result<()> {
        let mut params = CertificateParams::default();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let authority = CertifiedIssuer::self_signed(params, KeyPair::generate()?)?;
        let key = KeyPair::generate()?;
        let params = CertificateParams::new(vec!["127.0.0.1".to_owned()])?;
        let certificate = params.signed_by(&key, &authority)?;
        fs::write(self.authority(), authority.pem())?;
        let both = certificate.pem() + &key.serialize_pem();
        fs::write(self.0.join("server.pem"), both)?;
        Ok(())
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}
