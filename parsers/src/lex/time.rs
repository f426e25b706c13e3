//! Times, as the service, Windows, collectors and people write them.
//!
//! ```text
//! 2026-11-20T02:14:22.4869177Z   2026-11-20 02:14:22 +0100   11/20/2026 2:14:22 AM +00:00
//! └ year first, T or blank ┘ └ zone                          └ month first, 12 or 24 hours
//! ```
//!
//! A time without a zone is in the zone of the settings. The service writes
//! 1601-01-01 where it means "none", and it is read so. Where a time stands is not known
//! here.

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::{Offset, TimeZone};
use nom::bytes::complete::{tag, tag_no_case, take_while, take_while_m_n, take_while1};
use nom::character::complete::{char, one_of};
use nom::combinator::{opt, value};
use nom::{IResult, Parser};

/// Reads a time that is all of `text`, blanks around it aside.
///
/// ```
/// # use shirwatch_parsers::lex::timestamp;
/// # use jiff::tz::TimeZone;
/// let time = timestamp("6/16/2018 12:43:15 AM", &TimeZone::UTC);
/// assert_eq!(time.map(|it| it.to_string()).as_deref(), Some("2018-06-16T00:43:15Z"));
/// assert_eq!(timestamp("1601-01-01T00:00:00Z", &TimeZone::UTC), None);
/// ```
#[must_use]
pub fn timestamp(text: &str, zone: &TimeZone) -> Option<Timestamp> {
    if let Some(time) = utc(text) {
        return Some(time);
    }
    let text = text.trim();
    if let Some((time, length)) = leading_timestamp(text, zone) {
        return (length == text.len()).then_some(time);
    }
    json_date(text).or_else(|| epoch(text))
}

/// A time in UTC that is all of `text`.
fn utc(text: &str) -> Option<Timestamp> {
    leading_utc(text).filter(|(_, length)| *length == text.len()).map(|(time, _)| time)
}

/// `2026-11-20T02:14:22.4869177Z`, as all records of the service are stamped, at the very
/// beginning of `text`, and how long it is: read at once, since a file may hold millions.
fn leading_utc(text: &str) -> Option<(Timestamp, usize)> {
    let bytes = text.as_bytes();
    let (date, clock) = (bytes.get(..10)?, bytes.get(11..19)?);
    let marks = [bytes[4], bytes[7], bytes[10], bytes[13], bytes[16]];
    if marks != *b"--T::" {
        return None;
    }
    let (fraction, length) = match bytes.get(19..)? {
        [b'Z', ..] => (0, 20),
        [b'.', rest @ ..] => {
            let count = rest.iter().take(10).take_while(|it| it.is_ascii_digit()).count();
            let scale = 10_i32.pow(9_u32.checked_sub(u32::try_from(count).ok()?)?);
            (decimal(&rest[..count])? * scale, 20 + count + 1)
        }
        _ => return None,
    };
    if bytes.get(length - 1) != Some(&b'Z') || length == 21 {
        return None;
    }
    let year = i16::from(two(date, 0)?) * 100 + i16::from(two(date, 2)?);
    let (month, day) = (two(date, 5)?, two(date, 8)?);
    let (hour, minute, second) = (two(clock, 0)?, two(clock, 3)?, two(clock, 6)?);
    if year <= 1601 {
        return None;
    }
    let civil = DateTime::new(year, month, day, hour, minute, second, fraction).ok()?;
    Some((Offset::UTC.to_timestamp(civil).ok()?, length))
}

/// The two digits at `at` as a number.
fn two(bytes: &[u8], at: usize) -> Option<i8> {
    let (tens, ones) = (bytes[at].wrapping_sub(b'0'), bytes[at + 1].wrapping_sub(b'0'));
    if tens < 10 && ones < 10 { i8::try_from(tens * 10 + ones).ok() } else { None }
}

/// At most nine digits as a number.
fn decimal(digits: &[u8]) -> Option<i32> {
    digits.iter().try_fold(0, |sum, digit| {
        digit.is_ascii_digit().then(|| sum * 10 + i32::from(digit - b'0'))
    })
}

/// Reads a time at the very beginning of `text`, and says how long it is.
#[must_use]
pub fn leading_timestamp(text: &str, zone: &TimeZone) -> Option<(Timestamp, usize)> {
    let first = text.as_bytes().first()?;
    if !first.is_ascii_digit() {
        return None;
    }
    if let Some(it) = leading_utc(text) {
        return Some(it);
    }
    let (rest, stamp) = year_first(text).or_else(|_| month_first(text)).ok()?;
    Some((stamp.resolve(zone)?, text.len() - rest.len()))
}

/// True when the text is the service's way to say that there is no time (yet).
#[must_use]
pub fn is_no_time(text: &str) -> bool {
    let text = text.trim();
    text.is_empty()
        || text.eq_ignore_ascii_case("null")
        || text.starts_with("1601-01-01")
        || text.starts_with("0001-01-01")
        || text.starts_with("1/1/0001")
        || text.starts_with("1/1/1601")
}

/// A date and a time of day, and the offset if one is written.
struct Stamp {
    civil: DateTime,
    offset: Option<Offset>,
}

impl Stamp {
    fn resolve(&self, zone: &TimeZone) -> Option<Timestamp> {
        if self.civil.year() <= 1601 {
            return None;
        }
        match self.offset {
            Some(offset) => offset.to_timestamp(self.civil).ok(),
            None => zone.to_timestamp(self.civil).ok(),
        }
    }
}

/// `2026-11-20T02:14:22.4869177Z`
fn year_first(input: &str) -> IResult<&str, Stamp> {
    let (input, year) = number(4, 4)(input)?;
    let (input, separator) = one_of("-/")(input)?;
    let (input, month) = number(1, 2)(input)?;
    let (input, _) = char(separator)(input)?;
    let (input, day) = number(1, 2)(input)?;
    let (input, _) = one_of("Tt ")(input)?;
    let (input, clock) = clock(input)?;
    let (input, offset) = opt(zone_mark).parse(input)?;
    stamp(input, [year, month, day], &clock, offset)
}

/// `6/16/2018 12:43:15 AM`
fn month_first(input: &str) -> IResult<&str, Stamp> {
    let (input, month) = number(1, 2)(input)?;
    let (input, _) = char('/')(input)?;
    let (input, day) = number(1, 2)(input)?;
    let (input, _) = char('/')(input)?;
    let (input, year) = number(4, 4)(input)?;
    let (input, _) = (opt(char(',')), take_while1(|c| c == ' ')).parse(input)?;
    let (input, clock) = clock(input)?;
    let (input, offset) = opt(zone_mark).parse(input)?;
    stamp(input, [year, month, day], &clock, offset)
}

fn stamp<'a>(
    input: &'a str,
    [year, month, day]: [u32; 3],
    clock: &Clock,
    offset: Option<Offset>,
) -> IResult<&'a str, Stamp> {
    match clock.on(year, month, day) {
        Some(civil) => Ok((input, Stamp { civil, offset })),
        None => Err(nom::Err::Error(nom::error::Error::new(input, nom::error::ErrorKind::Verify))),
    }
}

/// A time of day.
struct Clock {
    hour: u32,
    minute: u32,
    second: u32,
    nanosecond: u32,
    afternoon: Option<bool>,
}

impl Clock {
    fn on(&self, year: u32, month: u32, day: u32) -> Option<DateTime> {
        let hour = match self.afternoon {
            None => self.hour,
            Some(_) if self.hour == 0 || self.hour > 12 => return None,
            Some(afternoon) => self.hour % 12 + if afternoon { 12 } else { 0 },
        };
        DateTime::new(
            i16::try_from(year).ok()?,
            i8::try_from(month).ok()?,
            i8::try_from(day).ok()?,
            i8::try_from(hour).ok()?,
            i8::try_from(self.minute).ok()?,
            // A leap second is read as the second before it.
            i8::try_from(self.second.min(59)).ok()?,
            i32::try_from(self.nanosecond).ok()?,
        )
        .ok()
    }
}

/// `02:14:22.4869177`, `2:14:22 AM`
fn clock(input: &str) -> IResult<&str, Clock> {
    let (input, hour) = number(1, 2)(input)?;
    let (input, _) = char(':')(input)?;
    let (input, minute) = number(2, 2)(input)?;
    let (input, second) = opt((char(':'), number(2, 2)).map(|(_, it)| it)).parse(input)?;
    let (input, fraction) =
        opt((one_of(".,"), take_while1(|c: char| c.is_ascii_digit())).map(|(_, it)| it))
            .parse(input)?;
    let (input, afternoon) = opt(half_of_day).parse(input)?;
    let nanosecond = fraction.map_or(0, nanoseconds);
    Ok((input, Clock { hour, minute, second: second.unwrap_or(0), nanosecond, afternoon }))
}

fn half_of_day(input: &str) -> IResult<&str, bool> {
    let (input, _) = take_while(|c| c == ' ' || c == '\u{202f}')(input)?;
    value(false, tag_no_case("am")).or(value(true, tag_no_case("pm"))).parse(input)
}

/// The first nine digits of a fraction of a second.
fn nanoseconds(digits: &str) -> u32 {
    let digits = digits.bytes().chain(std::iter::repeat(b'0')).take(9);
    digits.fold(0, |sum, digit| sum * 10 + u32::from(digit - b'0'))
}

/// `Z`, ` UTC`, `+02:00`, ` +0200`
fn zone_mark(input: &str) -> IResult<&str, Offset> {
    let (input, _) = take_while_m_n(0, 1, |c| c == ' ')(input)?;
    let utc = tag("UTC").or(tag("GMT")).or(tag("Z")).or(tag("z"));
    value(Offset::UTC, utc).or(numeric_zone).parse(input)
}

fn numeric_zone(input: &str) -> IResult<&str, Offset> {
    let (input, sign) = one_of("+-")(input)?;
    let (input, hours) = number(2, 2)(input)?;
    let (input, _) = opt(char(':')).parse(input)?;
    let (input, minutes) = opt(number(2, 2)).parse(input)?;
    let seconds = i32::try_from(hours * 3600 + minutes.unwrap_or(0) * 60).unwrap_or(i32::MAX);
    match Offset::from_seconds(if sign == '-' { -seconds } else { seconds }) {
        Ok(offset) => Ok((input, offset)),
        Err(_) => {
            Err(nom::Err::Error(nom::error::Error::new(input, nom::error::ErrorKind::Verify)))
        }
    }
}

fn number<'a>(least: usize, most: usize) -> impl Fn(&'a str) -> IResult<&'a str, u32> {
    move |input| {
        let (rest, digits) = take_while_m_n(least, most, |c: char| c.is_ascii_digit())(input)?;
        Ok((rest, digits.bytes().fold(0, |sum, digit| sum * 10 + u32::from(digit - b'0'))))
    }
}

/// `/Date(1795140862486)/`, as older serialisers write it; also `\/Date(…)\/`.
fn json_date(text: &str) -> Option<Timestamp> {
    let digits = text.trim_matches(['\\', '/']).strip_prefix("Date(")?.strip_suffix(')')?;
    let end = digits.get(1..)?.find(['+', '-']).map_or(digits.len(), |at| at + 1);
    present(Timestamp::from_millisecond(digits[..end].parse().ok()?).ok()?)
}

/// Seconds (`1795140862`, `1795140862.486`) or milliseconds (`1795140862486`) since 1970.
fn epoch(text: &str) -> Option<Timestamp> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    if !text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.') || fraction.contains('.') {
        return None;
    }
    let number: i64 = whole.parse().ok()?;
    let nanosecond = i32::try_from(nanoseconds(fraction)).ok()?;
    match whole.len() {
        9 | 10 => Timestamp::new(number, nanosecond).ok(),
        13 => Timestamp::from_millisecond(number).ok(),
        _ => None,
    }
}

/// Drops the earliest time that the serialisers know, which means "none".
fn present(time: Timestamp) -> Option<Timestamp> {
    const YEAR_1602: i64 = -11_612_678_400;
    (time.as_second() >= YEAR_1602).then_some(time)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[rustfmt::skip]
    fn every_time_form_is_read() {
        // input                                  in UTC, read in a zone two hours east
        check("2017-06-28T21:00:27.3534352Z",     "2017-06-28T21:00:27.3534352Z");
        check("2026-11-20T02:14:22.4869177+00:00","2026-11-20T02:14:22.4869177Z");
        check("2026-11-20T02:14:22.486917700Z",   "2026-11-20T02:14:22.4869177Z");
        check("2026-03-01T06:12:09.4Z",           "2026-03-01T06:12:09.4Z");
        check("2026-11-20T02:14Z",                "2026-11-20T02:14:00Z");
        check("2020-10-19 08:39:13.6688152",      "2020-10-19T06:39:13.6688152Z");
        check("2026-11-20 02:14:22",              "2026-11-20T00:14:22Z");
        check("2026-11-20 02:14:22 +0100",        "2026-11-20T01:14:22Z");
        check("2026-11-20 02:14:22,123",          "2026-11-20T00:14:22.123Z");
        check("11/21/2022 02:27:02.340 UTC",      "2022-11-21T02:27:02.34Z");
        check("11/21/2022 02:27:02.340",          "2022-11-21T00:27:02.34Z");
        check("6/16/2018 12:43:15 AM",            "2018-06-15T22:43:15Z");
        check("6/16/2018 12:43:15 PM",            "2018-06-16T10:43:15Z");
        check("4/14/2021 7:10:35 AM +00:00",      "2021-04-14T07:10:35Z");
        check("10/22/2025 16:39:47",              "2025-10-22T14:39:47Z");
        check("/Date(1795140862486)/",            "2026-11-20T02:14:22.486Z");
        check(r"\/Date(1795140862486+0100)\/",    "2026-11-20T02:14:22.486Z");
        check("1795140862.486",                   "2026-11-20T02:14:22.486Z");
        check("1795140862486",                    "2026-11-20T02:14:22.486Z");
        check(" 2026-11-20T02:14:22Z ",           "2026-11-20T02:14:22Z");
        check("1601-01-01T00:00:00Z",             "none");
        check("0001-01-01T00:00:00",              "none");
        check("2026-13-20T02:14:22Z",             "none");
        check("2026-11-20T25:14:22Z",             "none");
        check("6/16/2018 13:43:15 PM",            "none");
        check("2026-11-20T02:14:22Z and more",    "none");
        check("00:00:20.5772072",                 "none");
        check("20",                               "none");
        check("",                                 "none");
    }

    #[track_caller]
    fn check(input: &str, expected: &str) {
        let zone = TimeZone::fixed(jiff::tz::offset(2));
        let actual = timestamp(input, &zone).map_or("none".to_owned(), |it| it.to_string());
        assert_eq!(actual, expected);
    }

    #[test]
    #[rustfmt::skip]
    fn a_time_without_zone_is_read_by_the_clocks_of_its_place() {
        let berlin = TimeZone::get("Europe/Berlin").unwrap();
        let utc = |text| timestamp(text, &berlin).map(|it| it.to_string());
        // Summer time begins: this hour never was. It ends: this hour was twice, the first is taken.
        assert_eq!(utc("2026-03-29 01:59:59").as_deref(), Some("2026-03-29T00:59:59Z"));
        assert_eq!(utc("2026-03-29 02:30:00").as_deref(), Some("2026-03-29T01:30:00Z"));
        assert_eq!(utc("2026-03-29 03:00:00").as_deref(), Some("2026-03-29T01:00:00Z"));
        assert_eq!(utc("2026-10-25 02:30:00").as_deref(), Some("2026-10-25T00:30:00Z"));
        assert_eq!(utc("2026-10-25 03:00:00").as_deref(), Some("2026-10-25T02:00:00Z"));
    }

    #[test]
    fn a_leading_time_says_how_long_it_is() {
        for (input, expected) in [
            ("2026-11-20 02:14:22 text", 19),
            ("2026-11-20T02:14:22Z text", 20),
            ("2026-11-20T02:14:22.4869177Z text", 28),
            ("2026-11-20T02:14:22.4869177123Z text", 31),
            ("2026-11-20T02:14:22.486+02:00 text", 29),
        ] {
            let (_, length) = leading_timestamp(input, &TimeZone::UTC).unwrap();
            assert_eq!(length, expected, "{input}");
        }
        assert!(leading_timestamp("2026-11-20T02:14:22.Z", &TimeZone::UTC).is_some());
    }
}
