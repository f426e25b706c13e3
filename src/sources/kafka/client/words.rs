//! What an error of the client means, and what to do about it.

use rdkafka::types::RDKafkaErrorCode as Code;

use crate::sources::azure::trouble::{Kind, Trouble};
use crate::sources::kafka::group::News;

/// What is told of an error; `None` where the client mends it alone. `last` is what it said of
/// a single broker before.
pub(super) fn of(code: Code, reason: &str, last: &str) -> Option<News> {
    match code {
        Code::AutoOffsetReset | Code::OffsetOutOfRange => return Some(News::OutOfRange),
        // Secrets are read anew, as they may have been wrong or old.
        Code::Authentication | Code::SaslAuthenticationFailed => {
            let (kind, remedy) = remedy(code);
            return Some(News::Broken(Trouble::new(kind, told(code, reason, remedy))));
        }
        Code::Fatal | Code::Fenced | Code::FencedInstanceId | Code::InconsistentGroupProtocol => {
            let what = format!("the client gave up: {reason}; it is begun anew");
            return Some(News::Broken(Trouble::new(Kind::Other, what)));
        }
        // One broker that is away for a moment, or a rebalance, is every day's work.
        Code::BrokerTransportFailure | Code::OperationTimedOut | Code::RebalanceInProgress => {
            return None;
        }
        _ => {}
    }
    let (kind, remedy) = remedy(code);
    let reason = match code {
        Code::AllBrokersDown if !last.is_empty() => last,
        _ => reason,
    };
    Some(News::Trouble(Trouble::new(kind, told(code, reason, remedy))))
}

/// An error that a question was answered with.
pub(super) fn trouble(code: Code, what: &str) -> Trouble {
    let (kind, remedy) = remedy(code);
    Trouble::new(kind, told(code, what, remedy))
}

fn told(code: Code, reason: &str, remedy: &str) -> String {
    match code {
        Code::AllBrokersDown => format!("no broker can be reached ({reason}); {remedy}"),
        _ => format!("{reason}; {remedy}"),
    }
}

/// What kind of trouble, and what to do.
fn remedy(code: Code) -> (Kind, &'static str) {
    match code {
        Code::Authentication | Code::SaslAuthenticationFailed | Code::UnsupportedSASLMechanism => (
            Kind::Denied,
            "the login is refused: check user, password file or connection string, and `sasl`",
        ),
        Code::SSL => {
            (Kind::Other, "check `ca_file`, the names in `brokers` and `security_protocol`")
        }
        Code::TopicAuthorizationFailed
        | Code::GroupAuthorizationFailed
        | Code::ClusterAuthorizationFailed => (
            Kind::Denied,
            "give this user the right to read the topic and the group (Event Hubs: Listen)",
        ),
        Code::UnknownTopicOrPartition | Code::UnknownTopic | Code::UnknownPartition => {
            (Kind::Gone, "check `topics`; one that is made later is found within a minute")
        }
        Code::Resolve => (Kind::Connection, "check the names in `brokers` and the name service"),
        Code::PollExceeded => (
            Kind::Other,
            "the store could not be written for too long, so that others read our partitions",
        ),
        Code::AllBrokersDown | Code::BrokerTransportFailure | Code::OperationTimedOut => {
            (Kind::Connection, "check `brokers`, the network and its firewall")
        }
        _ => (Kind::Server, "see the log of the brokers if it lasts"),
    }
}
