//! Requests by the clock: each begins when its time has come, whether those before it were answered or not. So a tunnel
//! that stalls for a second is met by all the requests of that second, as it is by people.

use std::time::Duration;

use tokio::{
    sync::watch,
    task::JoinSet,
    time::{Instant, MissedTickBehavior, interval},
};

use crate::{carries, figures::Times};

/// Longer than connections are held.
const REQUEST: Duration = Duration::from_secs(40);

/// One request, over a connection of its own.
#[derive(Debug)]
pub struct Request {
    /// Its number, which no other request has.
    pub number: u64,
    /// When it began.
    pub began: Instant,
    /// When it was answered, or failed.
    pub ended: Instant,
    /// The pod that answered, or why there was no answer.
    pub answer: Result<String, String>,
}

impl Request {
    /// What happened at that time, or until so much later, may have met it.
    pub fn may_have_met(&self, event: Instant, lasts: Duration) -> bool {
        self.began <= event + lasts && event <= self.ended
    }
}

/// All requests of a time.
#[derive(Debug)]
pub struct Load {
    /// In the order in which they ended.
    pub requests: Vec<Request>,
    /// One began each such time.
    pub pace: Duration,
    /// How late the latest of them was begun: what the machine, and not the tunnel, is to be charged with.
    pub lateness: Duration,
}

impl Load {
    /// Sends a request each `pace`, numbered from `first`, until it is told to end; then waits for what is unanswered.
    pub async fn run(port: u16, first: u64, pace: Duration, mut end: watch::Receiver<bool>) -> Load {
        let mut clock = interval(pace);
        clock.set_missed_tick_behavior(MissedTickBehavior::Burst);
        let (mut asked, mut lateness) = (JoinSet::new(), Duration::ZERO);
        let mut load = Vec::new();
        for number in first.. {
            let due = tokio::select! {
                biased;
                // Whoever is gone cannot say any more when it ends.
                _ = end.wait_for(|ended| *ended) => break,
                due = clock.tick() => due,
            };
            lateness = lateness.max(due.elapsed());
            asked.spawn(request(port, number));
            while let Some(done) = asked.try_join_next() {
                load.extend(done);
            }
        }
        while let Some(done) = asked.join_next().await {
            load.extend(done);
        }
        Load { requests: load, pace, lateness }
    }

    /// Those that failed.
    pub fn failed(&self) -> impl Iterator<Item = (&Request, &String)> {
        self.requests.iter().filter_map(|request| Some((request, request.answer.as_ref().err()?)))
    }

    /// How long those took that were answered.
    pub fn times(&self) -> Times {
        let mut times = Times::default();
        for request in self.requests.iter().filter(|request| request.answer.is_ok()) {
            times.add(request.ended - request.began);
        }
        times
    }
}

async fn request(port: u16, number: u64) -> Request {
    let began = Instant::now();
    let answer = carries::http_once(port, number, REQUEST).await;
    Request { number, began, ended: Instant::now(), answer }
}

#[cfg(test)]
mod tests {
    use tokio::{io::AsyncReadExt, net::TcpListener};

    use super::*;

    #[tokio::test]
    async fn requests_go_on_though_none_is_answered() -> crate::Result {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let port = listener.local_addr()?.port();
        let (end, ended) = watch::channel(false);
        let load = tokio::spawn(Load::run(port, 7, Duration::from_millis(1), ended));
        let mut open = Vec::new();
        for _ in 0..5 {
            let (mut client, _) = listener.accept().await?;
            client.read_u8().await?;
            open.push(client);
        }
        end.send(true)?;
        drop((open, listener));
        let load = load.await?;
        assert!(load.requests.len() >= 5, "{load:?}");
        assert_eq!(load.failed().count(), load.requests.len());
        let mut numbers: Vec<u64> = load.requests.iter().map(|request| request.number).collect();
        numbers.sort_unstable();
        assert!(numbers.iter().copied().eq((7..).take(numbers.len())), "{numbers:?}");
        Ok(())
    }
}
