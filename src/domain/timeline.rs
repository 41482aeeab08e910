//! The days at which a timeline tells the state of things.

use chrono::{Datelike, Days, NaiveDate};

use crate::error::Error;

/// Points of a timeline, at most.
pub const MAX_POINTS: usize = 400;

/// What lies between two points.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Interval {
    /// A day.
    Day,
    /// An ISO week, Monday to Sunday.
    Week,
    /// A month.
    Month,
}

impl Interval {
    /// The last day of the interval that `day` is in; none beyond the calendar.
    fn end(self, day: NaiveDate) -> Option<NaiveDate> {
        match self {
            Self::Day => Some(day),
            Self::Week => {
                let to_sunday = 6 - day.weekday().num_days_from_monday();
                day.checked_add_days(Days::new(to_sunday.into()))
            }
            Self::Month => day.with_day(day.num_days_in_month().into()),
        }
    }

    /// The last day of each interval from the one that `from` is in, the last one cut at `to`.
    ///
    /// # Errors
    /// `BAD_USER_INPUT` where `to` is before `from`, or there are more than `MAX_POINTS`.
    pub fn ends(self, from: NaiveDate, to: NaiveDate) -> Result<Vec<NaiveDate>, Error> {
        if to < from {
            let message = format!("to is {to}, before from, which is {from}.");
            return Err(Error::BadUserInput(message));
        }
        let mut ends = Vec::new();
        let mut day = Some(from);
        while let Some(begin) = day.filter(|begin| *begin <= to) {
            if ends.len() == MAX_POINTS {
                let message =
                    format!("A timeline has at most {MAX_POINTS} points: ask for less time, or for a longer interval.");
                return Err(Error::BadUserInput(message));
            }
            let end = self.end(begin).map_or(to, |end| end.min(to));
            ends.push(end);
            day = end.succ_opt();
        }
        Ok(ends)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test that fails says so by panicking")]

    use super::*;

    fn day(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    fn ends(interval: Interval, from: &str, to: &str) -> Vec<String> {
        let ends = interval.ends(day(from), day(to)).unwrap();
        ends.iter().map(NaiveDate::to_string).collect()
    }

    #[test]
    fn weeks_end_on_sunday_months_on_their_last_day_and_the_last_interval_is_cut() {
        assert_eq!(
            ends(Interval::Day, "2020-02-28", "2020-03-01"),
            ["2020-02-28", "2020-02-29", "2020-03-01"]
        );
        // May 6, 2020 was a Wednesday.
        assert_eq!(
            ends(Interval::Week, "2020-05-06", "2020-05-19"),
            ["2020-05-10", "2020-05-17", "2020-05-19"]
        );
        assert_eq!(
            ends(Interval::Month, "2020-02-10", "2020-03-31"),
            ["2020-02-29", "2020-03-31"]
        );
        assert_eq!(ends(Interval::Month, "2020-02-10", "2020-02-10"), ["2020-02-10"]);
        // From a Sunday, and from a Monday.
        assert_eq!(
            ends(Interval::Week, "2020-05-10", "2020-05-12"),
            ["2020-05-10", "2020-05-12"]
        );
        assert_eq!(ends(Interval::Week, "2020-05-11", "2020-05-17"), ["2020-05-17"]);
    }

    #[test]
    fn the_last_interval_of_the_calendar_ends_with_it() {
        for interval in [Interval::Day, Interval::Week, Interval::Month] {
            assert_eq!(interval.ends(NaiveDate::MAX, NaiveDate::MAX).unwrap(), [NaiveDate::MAX]);
        }
    }

    #[test]
    fn too_many_points_and_a_to_before_from_are_refused() {
        let refused = |from: &str, to: &str| Interval::Day.ends(day(from), day(to)).is_err();
        assert!(!refused("2020-01-01", "2021-02-03"));
        assert!(refused("2020-01-01", "2021-02-04"));
        assert!(refused("2020-01-02", "2020-01-01"));
        assert!(Interval::Month.ends(day("2000-01-01"), NaiveDate::MAX).is_err());
    }
}
