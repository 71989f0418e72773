//! The cases over real sockets, by the stream as users have it.

use eventwire::{Profile, StreamItem};
use eventwire_tests::bounded;
use eventwire_tests::client_fixtures::{Case, Filled, Play, Told, judge};

use crate::options;

pub(crate) const RUNNER: &str = "rust";

pub(crate) async fn run(case: &Case, profile: Profile) -> anyhow::Result<()> {
    let play = Play::start(case).await?;
    let filled = play.case();
    let told = tell(filled, profile).await?;
    judge(RUNNER, filled, &told, &play.asked())
}

async fn tell(case: &Filled, profile: Profile) -> anyhow::Result<Told> {
    let mut stream = options::connect(&case.options, profile).open()?;
    let mut told = Told::default();
    let mut events = 0;
    while told.items.len() < case.items() || case.ends() {
        // An item that is missing shows as a wait.
        let Ok(next) = bounded("the next item", stream.next_item()).await else {
            break;
        };
        match next {
            Some(Ok(item)) => {
                told.items.push(options::item(&item));
                events += u64::from(matches!(item, StreamItem::Event(_)));
                if Some(events) == case.closes_after() {
                    stream.close();
                }
            }
            Some(Err(error)) => told.error = Some(options::error(&error)),
            None => {
                told.ended = true;
                break;
            }
        }
    }
    told.last_event_id = Some(stream.last_event_id().to_owned());
    told.reconnection_time = stream.reconnection_time();
    Ok(told)
}
