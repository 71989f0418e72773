//! Scripted servers.

use eventwire_bridge::testing;
use napi_derive::napi;

use crate::failure::{Result, raise};
use crate::options::delay;
use crate::stream::Stream;

#[derive(Debug)]
#[napi]
pub struct ScriptedServer(testing::ScriptedServer);

#[napi]
impl ScriptedServer {
    /// `script` is JSON.
    #[napi(constructor)]
    pub fn new(script: String, paused: bool) -> Result<Self> {
        testing::ScriptedServer::new(&script, paused)
            .map(Self)
            .map_err(raise)
    }

    /// Lets a stream that was not opened yet talk to this server.
    #[napi]
    pub fn attach(&self, stream: &Stream) {
        self.0.attach(&stream.0);
    }

    #[napi]
    pub fn advance(&self, milliseconds: f64) -> Result<()> {
        let time = delay("the time of advance", Some(milliseconds))?;
        self.0.advance(time.unwrap_or_default());
        Ok(())
    }

    #[napi(getter)]
    pub fn now(&self) -> f64 {
        self.0.now().as_secs_f64() * 1000.0
    }

    #[napi(getter)]
    pub fn delays(&self) -> Vec<f64> {
        self.0
            .delays()
            .iter()
            .map(|delay| delay.as_secs_f64() * 1000.0)
            .collect()
    }

    /// As JSON.
    #[napi(getter)]
    pub fn requests(&self) -> String {
        self.0.requests()
    }
}
