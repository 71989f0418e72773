//! What can go wrong, by what was being done.

mod build;
mod publish;
mod serve;
mod subscribe;
mod topic;

pub use self::build::BuildError;
pub use self::publish::PublishError;
pub use self::serve::ServeError;
pub use self::subscribe::SubscribeError;
pub use self::topic::TopicError;
