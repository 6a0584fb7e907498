//! TZ strings: what holds behind the last transition of a zone (POSIX, RFC 9636).

use super::zone::Which;

/// Seconds of a day.
const DAY: i64 = 86_400;

/// Why a text is no TZ string, as the message says it.
pub(super) type Trouble = &'static str;

const STD_FORMAT: Trouble = "Invalid STD format in";
const STD_OFFSET: Trouble = "Invalid STD offset in";
const DST_FORMAT: Trouble = "Invalid DST format in";
const DST_OFFSET: Trouble = "Invalid DST offset in";
const MISSING: Trouble = "Missing transition rules in TZ string:";
const MALFORMED: Trouble = "Malformed transition rule in TZ string:";
const EXTRANEOUS: Trouble = "Extraneous characters at end of TZ string:";

/// A name for the time, and its seconds east of UTC.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Named {
    pub(super) name: String,
    pub(super) offset: i64,
}

/// A TZ string: standard time, and when another holds.
#[derive(Debug)]
pub(super) struct TzString {
    pub(super) standard: Named,
    pub(super) saving: Option<Saving>,
}

/// The other time, and when it starts and ends in the year.
#[derive(Debug)]
pub(super) struct Saving {
    pub(super) time: Named,
    /// By how much it differs from standard time.
    pub(super) difference: i64,
    standard: i64,
    start: Change,
    end: Change,
}

/// A moment of a year, in local time.
#[derive(Clone, Copy, Debug)]
struct Change {
    date: Date,
    seconds: i64,
}

#[derive(Clone, Copy, Debug)]
enum Date {
    /// The `week`-th of a weekday in a month; the fifth is the last.
    Weekday { month: u8, week: i64, day: i64 },
    /// A day of the year from 1 on, where 29 February does not count.
    Julian(i64),
    /// A day of the year that counts 29 February.
    Ordinal(i64),
}

fn is_leap(year: i64) -> bool {
    year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
}

/// Days from 1970-01-01 to the first of January.
fn days_before_year(year: i64) -> i64 {
    let before = year - 1;
    before * 365 + before.div_euclid(4) - before.div_euclid(100) + before.div_euclid(400) - 719_162
}

fn days_in_month(year: i64, month: u8) -> i64 {
    match month {
        2 => 28 + i64::from(is_leap(year)),
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

impl Change {
    /// Seconds from 1970 on, as the clock on the wall shows them.
    fn in_year(self, year: i64) -> i64 {
        let first = days_before_year(year);
        let days = match self.date {
            // COMPAT: 0 is the day before the first of January.
            Date::Ordinal(day) => first + day - 1,
            Date::Julian(day) => first + day - 1 + i64::from(day >= 60 && is_leap(year)),
            Date::Weekday { month, week, day } => {
                let month_start: i64 = (1..month).map(|month| days_in_month(year, month)).sum();
                let start = first + month_start;
                // 1970-01-01 was a Thursday; Sunday is 0.
                let to_weekday = (day - (start + 4)).rem_euclid(7);
                let offset = to_weekday + 7 * (week - 1);
                let is_behind = offset >= days_in_month(year, month);
                start + offset - if is_behind { 7 } else { 0 }
            }
        };
        days * DAY + self.seconds
    }
}

/// Whether a moment is in a span that may reach over the end of the year.
fn is_within(moment: i64, start: i64, end: i64) -> bool {
    if start < end { (start..end).contains(&moment) } else { !(end..start).contains(&moment) }
}

impl Saving {
    fn which(&self, is_saving: bool) -> Which {
        if is_saving { Which::Saving } else { Which::Standard }
    }

    /// What holds at a moment of the clock on the wall.
    pub(super) fn at_local(&self, moment: i64, year: i64, fold: bool) -> Which {
        let (mut start, mut end) = (self.start.in_year(year), self.end.in_year(year));
        // In a fold the clock shows the same time twice, in a gap it skips it.
        if fold == (self.difference >= 0) {
            end -= self.difference;
        } else {
            start += self.difference;
        }
        self.which(is_within(moment, start, end))
    }

    /// What holds at a moment of UTC, and whether the clock shows it again.
    pub(super) fn at_utc(&self, moment: i64, year: i64) -> (Which, bool) {
        let start = self.start.in_year(year) - self.standard;
        let end = self.end.in_year(year) - self.time.offset;
        let again = if self.difference > 0 {
            end..end + self.difference
        } else {
            start..start - self.difference
        };
        (self.which(is_within(moment, start, end)), again.contains(&moment))
    }
}

/// Reads a TZ string from its start.
struct Reader<'a>(&'a [u8]);

impl Reader<'_> {
    fn peek(&self) -> Option<u8> {
        self.0.first().copied()
    }

    fn take(&mut self, wanted: u8) -> Option<()> {
        self.0 = self.0.strip_prefix(&[wanted])?;
        Some(())
    }

    fn take_while(&mut self, accepts: impl Fn(u8) -> bool) -> &str {
        let end = self.0.iter().position(|byte| !accepts(*byte)).unwrap_or(self.0.len());
        let (found, rest) = self.0.split_at(end);
        self.0 = rest;
        std::str::from_utf8(found).unwrap_or_default()
    }

    /// A number of `least` to `most` digits.
    fn number(&mut self, least: usize, most: usize) -> Option<i64> {
        let digits = self.0.iter().take(most).take_while(|byte| byte.is_ascii_digit()).count();
        if digits < least {
            return None;
        }
        let (found, rest) = self.0.split_at(digits);
        self.0 = rest;
        std::str::from_utf8(found).ok()?.parse().ok()
    }

    fn name(&mut self) -> Option<String> {
        let name = if self.take(b'<').is_some() {
            let is_quoted = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'-');
            let name = self.take_while(is_quoted).to_owned();
            self.take(b'>')?;
            name
        } else {
            self.take_while(|byte| byte.is_ascii_alphabetic()).to_owned()
        };
        (!name.is_empty()).then_some(name)
    }

    /// `[+-]h[:mm[:ss]]` in seconds, with at most that many hours.
    fn time(&mut self, most_hours: i64) -> Option<i64> {
        let is_negative = self.take(b'-').is_some();
        if !is_negative {
            let _ = self.take(b'+');
        }
        let hours = self.number(1, 3).filter(|hours| *hours <= most_hours)?;
        let mut seconds = hours * 3600;
        for unit in [60, 1] {
            if self.take(b':').is_none() {
                break;
            }
            seconds += self.number(2, 2)? * unit;
        }
        Some(if is_negative { -seconds } else { seconds })
    }

    /// An offset, which counts west of UTC.
    fn offset(&mut self) -> Option<i64> {
        self.time(24).map(|seconds| -seconds)
    }

    fn date(&mut self) -> Option<Date> {
        match self.peek()? {
            b'M' => {
                self.take(b'M')?;
                let month = self.number(1, 2).filter(|month| (1..=12).contains(month))?;
                self.take(b'.')?;
                let week = self.number(1, 1).filter(|week| (1..=5).contains(week))?;
                self.take(b'.')?;
                let day = self.number(1, 1).filter(|day| *day <= 6)?;
                Some(Date::Weekday { month: month as u8, week, day })
            }
            b'J' => {
                self.take(b'J')?;
                let day = self.number(1, 3).filter(|day| (1..=365).contains(day))?;
                Some(Date::Julian(day))
            }
            _ => self.number(1, 3).filter(|day| *day <= 365).map(Date::Ordinal),
        }
    }

    fn change(&mut self) -> Option<Change> {
        let date = self.date()?;
        let seconds = match self.take(b'/') {
            Some(()) => self.time(167)?,
            None => 2 * 3600,
        };
        Some(Change { date, seconds })
    }
}

/// Read a TZ string.
pub(super) fn parse(text: &[u8]) -> Result<TzString, Trouble> {
    let mut reader = Reader(text);
    let name = reader.name().ok_or(STD_FORMAT)?;
    let standard = Named { name, offset: reader.offset().ok_or(STD_OFFSET)? };
    if reader.peek().is_none() {
        return Ok(TzString { standard, saving: None });
    }
    let name = reader.name().ok_or(DST_FORMAT)?;
    let offset = match reader.peek() {
        Some(b',') => standard.offset + 3600,
        _ => reader.offset().ok_or(DST_OFFSET)?,
    };
    let mut change = || {
        reader.take(b',').ok_or(MISSING)?;
        reader.change().ok_or(MALFORMED)
    };
    let (start, end) = (change()?, change()?);
    if reader.peek().is_some() {
        return Err(EXTRANEOUS);
    }
    let saving = Saving {
        time: Named { name, offset },
        difference: offset - standard.offset,
        standard: standard.offset,
        start,
        end,
    };
    Ok(TzString { standard, saving: Some(saving) })
}

#[cfg(test)]
mod tests {
    use super::{super::zone::Which, DAY, days_before_year, parse};

    #[test]
    fn fixed_offsets() {
        let fixed = |text: &str| {
            let string = parse(text.as_bytes()).ok().filter(|string| string.saving.is_none());
            string.map(|string| (string.standard.name, string.standard.offset))
        };
        assert_eq!(fixed("AAA4"), Some(("AAA".into(), -4 * 3600)));
        assert_eq!(fixed("<+03>-3:30"), Some(("+03".into(), 3 * 3600 + 1800)));
        assert_eq!(fixed("A25"), None);
        assert_eq!(parse(b"1").err(), Some(super::STD_FORMAT));
        assert_eq!(parse(b"PST8PDT").err(), Some(super::DST_OFFSET));
        assert_eq!(parse(b"AAA4BBB,J1").err(), Some(super::MISSING));
        assert_eq!(parse(b"AAA4BBB,J0,J5").err(), Some(super::MALFORMED));
        assert_eq!(parse(b"AAA4BBB,J1,J2,J3").err(), Some(super::EXTRANEOUS));
    }

    #[test]
    fn changes_of_a_year() {
        let string = parse(b"EST5EDT,M3.2.0,M11.1.0").ok();
        let saving = string.and_then(|string| string.saving).expect("a saving time");
        // 2019-03-10 02:00 is skipped, 2019-11-03 01:00 comes twice.
        let march = (days_before_year(2019) + 68) * DAY + 2 * 3600;
        let november = (days_before_year(2019) + 306) * DAY + 3600;
        assert_eq!(saving.at_local(march - 1, 2019, false), Which::Standard);
        assert_eq!(saving.at_local(march, 2019, false), Which::Standard);
        assert_eq!(saving.at_local(march, 2019, true), Which::Saving);
        assert_eq!(saving.at_local(march + 3600, 2019, false), Which::Saving);
        assert_eq!(saving.at_local(november, 2019, false), Which::Saving);
        assert_eq!(saving.at_local(november, 2019, true), Which::Standard);
        assert_eq!(saving.at_utc(november + 4 * 3600, 2019), (Which::Saving, false));
        assert_eq!(saving.at_utc(november + 5 * 3600, 2019), (Which::Standard, true));
    }
}
