//! How often one peer may ask: a bucket of tokens for each address.
//!
//! A bucket fills with time, up to its size, and each request takes some. The number of
//! buckets is bounded; what is full again is forgotten, and where none is, all new peers share
//! one. A network of IPv6 addresses counts as one peer, since one machine has it whole.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// Peers that are told apart.
const PEERS: usize = 4096;

/// All buckets of one kind.
#[derive(Debug)]
pub(super) struct Rate {
    size: f64,
    per_second: f64,
    buckets: Mutex<HashMap<IpAddr, Bucket>>,
}

#[derive(Debug, Clone, Copy)]
struct Bucket {
    tokens: f64,
    at: Instant,
}

impl Rate {
    /// Buckets of `size` tokens that gain `per_second`.
    pub(super) fn new(size: f64, per_second: f64) -> Self {
        Self { size, per_second, buckets: Mutex::default() }
    }

    /// Takes `tokens` from the bucket of `peer`, or says how long to wait for them.
    pub(super) fn take(&self, peer: IpAddr, tokens: f64, now: Instant) -> Result<(), Duration> {
        let mut buckets = self.buckets.lock().unwrap_or_else(PoisonError::into_inner);
        let mut peer = network(peer);
        if buckets.len() >= PEERS && !buckets.contains_key(&peer) {
            buckets.retain(|_, it| self.filled(it, now) < self.size);
            if buckets.len() >= PEERS {
                peer = IpAddr::V4(Ipv4Addr::UNSPECIFIED);
            }
        }
        let bucket = buckets.entry(peer).or_insert(Bucket { tokens: self.size, at: now });
        bucket.tokens = self.filled(bucket, now);
        bucket.at = now;
        if bucket.tokens < tokens {
            let wait = (tokens - bucket.tokens) / self.per_second;
            return Err(Duration::try_from_secs_f64(wait).unwrap_or(Duration::MAX));
        }
        bucket.tokens -= tokens;
        Ok(())
    }

    /// Gives tokens back.
    pub(super) fn give(&self, peer: IpAddr, tokens: f64) {
        let mut buckets = self.buckets.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(bucket) = buckets.get_mut(&network(peer)) {
            bucket.tokens = (bucket.tokens + tokens).min(self.size);
        }
    }

    fn filled(&self, it: &Bucket, now: Instant) -> f64 {
        let passed = now.saturating_duration_since(it.at).as_secs_f64();
        (it.tokens + passed * self.per_second).min(self.size)
    }
}

/// What counts as one peer.
pub(super) fn network(peer: IpAddr) -> IpAddr {
    match peer.to_canonical() {
        IpAddr::V6(it) => {
            let [a, b, c, d, ..] = it.segments();
            IpAddr::V6(Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0))
        }
        it => it,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[rustfmt::skip]
    fn a_bucket_empties_and_fills_for_each_peer() {
        // second and peer of each request, of a bucket of 2 with 1 a second
        check("0a 0a 0a",           "yes yes 1s");
        check("0a 0a 0b 0a",        "yes yes yes 1s");
        check("0a 0a 1a 1a 9a 9a 9a", "yes yes yes 1s yes yes 1s");
        check("5a 5a 4a",           "yes yes 1s");
    }

    #[track_caller]
    fn check(requests: &str, expected: &str) {
        let (rate, begin) = (Rate::new(2.0, 1.0), Instant::now());
        let answers = requests.split(' ').map(|it| {
            let second = Duration::from_secs(it[..1].parse().unwrap());
            let peer = IpAddr::V4(Ipv4Addr::new(192, 0, 2, it.as_bytes()[1]));
            let taken = rate.take(peer, 1.0, begin + second);
            taken.map_or_else(|wait| format!("{}s", wait.as_secs()), |()| "yes".to_owned())
        });
        assert_eq!(answers.collect::<Vec<_>>().join(" "), expected);
    }

    #[test]
    fn the_number_of_buckets_is_bounded() {
        let (rate, now) = (Rate::new(1.0, 1.0), Instant::now());
        for it in 0..10_000_u32 {
            let _ = rate.take(IpAddr::V4(Ipv4Addr::from(it + 1)), 1.0, now);
        }
        assert!(rate.buckets.lock().unwrap().len() <= PEERS + 1);
        // All are full again a second later, and make room.
        let later = now + Duration::from_secs(2);
        assert!(rate.take(IpAddr::V4(Ipv4Addr::from(20_000)), 1.0, later).is_ok());
        assert_eq!(rate.buckets.lock().unwrap().len(), 1);
    }

    #[test]
    fn a_network_of_addresses_is_one_peer() {
        let peer = |it: &str| network(it.parse().unwrap());
        assert_eq!(peer("2001:db8::1"), peer("2001:db8::ffff:1"));
        assert_ne!(peer("2001:db8::1"), peer("2001:db8:0:1::1"));
        assert_eq!(peer("::ffff:192.0.2.1"), peer("192.0.2.1"));
    }
}
