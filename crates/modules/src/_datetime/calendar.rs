//! The proleptic Gregorian calendar and the text of dates, without objects.
//!
//! An ordinal counts days, 1 January of year 1 being 1. A moment is a count of
//! microseconds since the day with ordinal 0, which any valid datetime fits.

pub(super) const MINYEAR: i32 = 1;
pub(super) const MAXYEAR: i32 = 9999;
pub(super) const MAX_ORDINAL: i64 = 3_652_059;
pub(super) const DAY_US: i64 = 86_400_000_000;
/// Seconds from the day with ordinal 0 to 1970.
pub(super) const EPOCH: i64 = 719_163 * 86_400;

/// A day.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Ymd {
    pub(super) year: i32,
    pub(super) month: i32,
    pub(super) day: i32,
}

/// A time of day.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Hms {
    pub(super) hour: i32,
    pub(super) minute: i32,
    pub(super) second: i32,
    pub(super) us: i32,
}

impl Hms {
    pub(super) fn micros(self) -> i64 {
        let seconds = self.hour * 3600 + self.minute * 60 + self.second;
        i64::from(seconds) * 1_000_000 + i64::from(self.us)
    }

    pub(super) fn from_micros(us: i64) -> Hms {
        let seconds = (us / 1_000_000) as i32;
        Hms {
            hour: seconds / 3600,
            minute: seconds / 60 % 60,
            second: seconds % 60,
            us: (us % 1_000_000) as i32,
        }
    }
}

pub(super) fn is_leap(year: i32) -> bool {
    year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
}

pub(super) fn days_in_month(year: i32, month: i32) -> i32 {
    match month {
        2 => 28 + i32::from(is_leap(year)),
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

fn days_before_year(year: i32) -> i64 {
    let y = i64::from(year) - 1;
    y * 365 + y.div_euclid(4) - y.div_euclid(100) + y.div_euclid(400)
}

fn days_before_month(year: i32, month: i32) -> i64 {
    const BEFORE: [i64; 13] = [0, 0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334];
    let before = BEFORE.get(month as usize).copied().unwrap_or(0);
    before + i64::from(month > 2 && is_leap(year))
}

impl Ymd {
    pub(super) fn ordinal(self) -> i64 {
        days_before_year(self.year) + days_before_month(self.year, self.month) + i64::from(self.day)
    }

    /// The day of any ordinal whose year fits.
    pub(super) fn from_ordinal(ordinal: i64) -> Ymd {
        // Years from March on have their odd day last: cycles of 400, 100, 4 and 1.
        let days = ordinal - 1 + 306;
        let (cycle, rest) = (days.div_euclid(146_097), days.rem_euclid(146_097));
        let century = (rest / 36_524).min(3);
        let rest = rest - century * 36_524;
        let (four, rest) = (rest / 1461, rest % 1461);
        let one = (rest / 365).min(3);
        let day = (rest - one * 365) as i32;
        // Five months from March on have 153 days.
        let month = (5 * day + 2) / 153;
        let year = (cycle * 400 + century * 100 + four * 4 + one) as i32;
        let (year, shown) = if month < 10 { (year, month + 3) } else { (year + 1, month - 9) };
        Ymd { year, month: shown, day: day - (153 * month + 2) / 5 + 1 }
    }

    /// Monday is 0.
    pub(super) fn weekday(self) -> i32 {
        ((self.ordinal() + 6) % 7) as i32
    }

    pub(super) fn yearday(self) -> i32 {
        (days_before_month(self.year, self.month) + i64::from(self.day)) as i32
    }

    /// ISO year, week and weekday.
    pub(super) fn isocalendar(self) -> (i32, i32, i32) {
        let today = self.ordinal();
        let mut year = self.year;
        let mut monday = week1_monday(year);
        let mut week = (today - monday).div_euclid(7);
        let day = (today - monday).rem_euclid(7);
        if week < 0 {
            year -= 1;
            monday = week1_monday(year);
            week = (today - monday).div_euclid(7);
        } else if week >= 52 && today >= week1_monday(year + 1) {
            year += 1;
            week = 0;
        }
        (year, week as i32 + 1, day as i32 + 1)
    }
}

fn week1_monday(year: i32) -> i64 {
    let first = Ymd { year, month: 1, day: 1 }.ordinal();
    let weekday = (first + 6).rem_euclid(7);
    let monday = first - weekday;
    if weekday > 3 { monday + 7 } else { monday }
}

/// Why an ISO week date is none.
pub(super) enum IsoError {
    Year,
    Week,
    Day,
}

/// The day of an ISO week date.
pub(super) fn from_isocalendar(year: i32, week: i32, day: i32) -> Result<Ymd, IsoError> {
    if !(MINYEAR..=MAXYEAR).contains(&year) {
        return Err(IsoError::Year);
    }
    if !(1..=52).contains(&week) {
        let first = Ymd { year, month: 1, day: 1 }.weekday();
        let long = first == 3 || first == 2 && is_leap(year);
        if week != 53 || !long {
            return Err(IsoError::Week);
        }
    }
    if !(1..=7).contains(&day) {
        return Err(IsoError::Day);
    }
    Ok(Ymd::from_ordinal(week1_monday(year) + i64::from((week - 1) * 7 + day - 1)))
}

/// A run of ASCII digits as a number.
fn digits(text: &[u8]) -> Option<i32> {
    if text.is_empty() || text.len() > 9 {
        return None;
    }
    text.iter().try_fold(0, |value, byte| {
        byte.is_ascii_digit().then(|| value * 10 + i32::from(byte - b'0'))
    })
}

/// `YYYY-MM-DD`, `YYYYMMDD`, `YYYY-Www[-D]`, `YYYYWww[D]`. The fields of a
/// calendar date are not checked.
pub(super) fn parse_date(text: &[u8]) -> Option<Ymd> {
    if !matches!(text.len(), 7 | 8 | 10) {
        return None;
    }
    let year = digits(text.get(..4)?)?;
    let separated = text.get(4) == Some(&b'-');
    let gap = usize::from(separated);
    let mut at = 4 + gap;
    if text.get(at) == Some(&b'W') {
        let week = digits(text.get(at + 1..at + 3)?)?;
        at += 3;
        let mut day = 1;
        if text.len() > at {
            if (text.get(at) == Some(&b'-')) != separated {
                return None;
            }
            day = digits(text.get(at + gap..)?)?;
            if text.len() != at + gap + 1 {
                return None;
            }
        }
        return from_isocalendar(year, week, day).ok();
    }
    let month = digits(text.get(at..at + 2)?)?;
    at += 2;
    if (text.get(at) == Some(&b'-')) != separated {
        return None;
    }
    at += gap;
    let day = digits(text.get(at..)?)?;
    (text.len() == at + 2).then_some(Ymd { year, month, day })
}

/// Where the date ends in the text of a datetime.
pub(super) fn date_length(text: &[u32]) -> Option<usize> {
    let at = |index: usize| text.get(index).copied().and_then(char::from_u32).unwrap_or('\0');
    if text.len() < 7 {
        return None;
    }
    if text.len() == 7 {
        return Some(7);
    }
    if at(4) == '-' {
        if at(5) != 'W' {
            return Some(10);
        }
        if text.len() > 8 && at(8) == '-' {
            if text.len() == 9 {
                return None;
            }
            return Some(if text.len() > 10 && at(10).is_ascii_digit() { 8 } else { 10 });
        }
        return Some(8);
    }
    if at(4) != 'W' {
        return Some(8);
    }
    let mut end = 7;
    while at(end).is_ascii_digit() {
        end += 1;
    }
    Some(if end < 9 {
        end
    } else if end % 2 == 0 {
        7
    } else {
        8
    })
}

fn parse_clock(text: &[u8]) -> Option<Hms> {
    let mut parts = [0; 3];
    let mut at = 0;
    let mut separated = false;
    for (index, part) in parts.iter_mut().enumerate() {
        *part = digits(text.get(at..at + 2)?)?;
        at += 2;
        let next = text.get(at);
        if index == 0 {
            separated = next == Some(&b':');
        }
        if next.is_none() || index == 2 {
            break;
        }
        if separated && next != Some(&b':') {
            return None;
        }
        at += usize::from(separated);
    }
    let mut us = 0;
    if let Some(mark) = text.get(at) {
        let fraction = text.get(at + 1..)?;
        let is_digits = !fraction.is_empty() && fraction.iter().all(u8::is_ascii_digit);
        if !matches!(mark, b'.' | b',') || !is_digits {
            return None;
        }
        let kept = fraction.get(..fraction.len().min(6))?;
        us = digits(kept)? * 10_i32.pow(6 - kept.len() as u32);
    }
    let [hour, minute, second] = parts;
    Some(Hms { hour, minute, second, us })
}

/// A time of day with an offset from UTC in microseconds.
pub(super) struct ParsedTime {
    pub(super) clock: Hms,
    /// It was 24:00.
    pub(super) next_day: bool,
    pub(super) offset: Option<i64>,
}

/// What is wrong with the text of a time.
pub(super) enum TimeError {
    Malformed,
    /// More than 24:00.
    After24,
    /// The offset, as a clock, is out of range.
    Offset(Hms),
}

/// The text of a time.
pub(super) fn parse_time(text: &[u8]) -> Result<ParsedTime, TimeError> {
    use TimeError::Malformed;
    let find = |mark: u8| text.iter().position(|byte| *byte == mark);
    let sign = find(b'-').or_else(|| find(b'+')).or_else(|| find(b'Z'));
    let mut clock =
        text.get(..sign.unwrap_or(text.len())).and_then(parse_clock).ok_or(Malformed)?;
    let next_day = clock.hour == 24 && Hms { hour: 0, ..clock } == Hms::default();
    let wrong = clock.hour == 24 && !next_day;
    if next_day {
        clock.hour = 0;
    }
    let mut offset = None;
    if let Some(at) = sign {
        let zone = text.get(at + 1..).ok_or(Malformed)?;
        if text.get(at) == Some(&b'Z') {
            if !zone.is_empty() {
                return Err(Malformed);
            }
            offset = Some(0);
        } else {
            if matches!(zone.len(), 0 | 1 | 3) {
                return Err(Malformed);
            }
            let parts = parse_clock(zone).ok_or(Malformed)?;
            if wrong {
                return Err(TimeError::After24);
            }
            if parts.hour > 23 || parts.minute > 59 || parts.second > 59 {
                return Err(TimeError::Offset(parts));
            }
            let micros = parts.micros();
            offset = Some(if text.get(at) == Some(&b'-') { -micros } else { micros });
        }
    }
    if wrong {
        return Err(TimeError::After24);
    }
    Ok(ParsedTime { clock, next_day, offset })
}

/// How much of a time `isoformat` shows; `None` for an unknown name.
pub(super) fn format_clock(time: Hms, timespec: &str) -> Option<String> {
    let Hms { hour, minute, second, us } = time;
    Some(match timespec {
        "hours" => format!("{hour:02}"),
        "minutes" => format!("{hour:02}:{minute:02}"),
        "seconds" => format!("{hour:02}:{minute:02}:{second:02}"),
        "auto" if us == 0 => format!("{hour:02}:{minute:02}:{second:02}"),
        "milliseconds" => format!("{hour:02}:{minute:02}:{second:02}.{:03}", us / 1000),
        "auto" | "microseconds" => format!("{hour:02}:{minute:02}:{second:02}.{us:06}"),
        _ => return None,
    })
}

/// An offset as `+HH:MM[:SS[.ffffff]]`.
pub(super) fn format_offset(us: i64, separator: &str) -> String {
    let sign = if us < 0 { '-' } else { '+' };
    let Hms { hour, minute, second, us } = Hms::from_micros(us.abs());
    let mut text = format!("{sign}{hour:02}{separator}{minute:02}");
    if second != 0 || us != 0 {
        text += &format!("{separator}{second:02}");
    }
    if us != 0 {
        text += &format!(".{us:06}");
    }
    text
}
