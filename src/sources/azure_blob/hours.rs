//! The names of blobs: one for each hour of a resource.
//!
//! ```text
//! resourceId=/SUBSCRIPTIONS/…/FACTORIES/ADF /y=2026/m=03/d=17/h=05/m=00/PT1H.json
//! └────────────────── root ───────────────┘ └─── day ───────┘└ hour ┘
//! ```

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;

/// An hour, counted from 1970.
pub(super) type Hour = i64;

const SECONDS: i64 = 3600;

/// The hour of a time.
pub(super) fn of(time: Timestamp) -> Hour {
    time.as_second().div_euclid(SECONDS)
}

/// Root and hour of a blob, where it is one of an hour.
pub(super) fn split(name: &str) -> Option<(&str, Hour)> {
    let mut rest = name.strip_suffix("/m=00/PT1H.json")?;
    let mut part = |key: &str| {
        let (before, number) = rest.rsplit_once(key)?;
        rest = before;
        number.parse::<i16>().ok()
    };
    let (hour, day, month, year) = (part("/h=")?, part("/d=")?, part("/m=")?, part("/y=")?);
    let midnight = Date::new(year, month.try_into().ok()?, day.try_into().ok()?).ok()?;
    let hour = i8::try_from(hour).ok().filter(|it| (0..24).contains(it))?;
    let time = midnight.at(hour, 0, 0, 0).to_zoned(TimeZone::UTC).ok()?;
    Some((rest, of(time.timestamp())))
}

/// The folder of the day of an hour, below its root.
pub(super) fn day(root: &str, hour: Hour) -> String {
    let time = Timestamp::from_second(hour * SECONDS).unwrap_or_default();
    let day = time.to_zoned(TimeZone::UTC).date();
    format!("{root}/y={:04}/m={:02}/d={:02}", day.year(), day.month(), day.day())
}

/// The days from one hour to another, each by one of its hours.
pub(super) fn days(from: Hour, to: Hour) -> impl Iterator<Item = Hour> {
    (from.div_euclid(24)..=to.div_euclid(24)).map(|day| day * 24)
}

/// Whether a folder is that of a year.
pub(super) fn is_year(folder: &str) -> bool {
    let year = folder.rsplit('/').next().and_then(|it| it.strip_prefix("y="));
    year.is_some_and(|it| it.len() == 4 && it.bytes().all(|b| b.is_ascii_digit()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[rustfmt::skip]
    fn a_name_tells_root_and_hour() {
        // name                                                  root | hour
        check("resourceId=/S/X/y=1970/m=01/d=02/h=03/m=00/PT1H.json", "resourceId=/S/X | 27");
        check("a/y=1970/m=01/d=01/h=00/m=00/PT1H.json",               "a | 0");
        check("a/y=1970/m=01/d=01/h=24/m=00/PT1H.json",               "no hour");
        check("a/y=1970/m=13/d=01/h=00/m=00/PT1H.json",               "no hour");
        check("a/y=1970/m=01/d=01/h=00/m=00/PT1H.json.bak",           "no hour");
        check("a/y=1970/m=01/d=01/h=00/m=30/PT1H.json",               "no hour");
        check("PT1H.json",                                            "no hour");
    }

    #[track_caller]
    fn check(name: &str, expected: &str) {
        let told = split(name).map(|(root, hour)| format!("{root} | {hour}"));
        assert_eq!(told.as_deref().unwrap_or("no hour"), expected);
    }

    #[test]
    fn the_days_of_a_span_are_each_listed_once() {
        let days: Vec<_> = days(20, 50).map(|it| day("r", it)).collect();
        assert_eq!(days, ["r/y=1970/m=01/d=01", "r/y=1970/m=01/d=02", "r/y=1970/m=01/d=03"]);
    }
}
