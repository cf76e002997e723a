//! What the texts of one column show together.

use super::misfit::{Column, Place};
use super::reading::Reading;
use super::ways::{Fit, Reads, Style, Why};
use crate::error::Error;

/// A text, and the record that it is in.
#[derive(Debug, Clone)]
pub(super) struct Seen {
    pub(super) text: String,
    /// Its number, and where it starts in the input.
    pub(super) place: Option<(u64, u64)>,
}

impl Seen {
    /// It without its place.
    pub(super) fn placeless(&self) -> Place {
        Place { text: self.text.clone(), record: None }
    }
}

/// Names the record that a text is in.
pub(super) type PlaceOf<'a> = &'a dyn Fn(&Seen) -> Result<Place, Error>;

/// The first text of each kind in one column.
#[derive(Debug, Default)]
pub(super) struct Tally {
    /// Written in one style only, by style.
    pub(super) only: [Option<Seen>; 2],
    /// Other values in each style, and hyperd would not know.
    either: Option<Seen>,
    /// Other values in each style; the first one is the one that everybody reads who knows of no other.
    pub(super) dotted: Option<Seen>,
    /// No value of the type in a style, by style.
    pub(super) misfits: [Option<(Seen, Why)>; 2],
    zoneless: Option<Seen>,
    /// A text that hyperd's reader does not take as it stands.
    foreign: bool,
}

impl Tally {
    /// Adds what a text can be read as.
    pub(super) fn add(&mut self, reads: Reads, seen: impl Fn() -> Seen) {
        let keep = |slot: &mut Option<Seen>| {
            slot.get_or_insert_with(&seen);
        };
        for style in [0, 1] {
            match reads.fits[style] {
                Fit::No => keep(&mut self.only[1 - style]),
                Fit::Yes => {}
                Fit::Misfit(why) => {
                    self.misfits[style].get_or_insert_with(|| (seen(), why));
                }
            }
        }
        if reads.differ {
            keep(if reads.native { &mut self.dotted } else { &mut self.either });
        }
        if reads.zoneless {
            keep(&mut self.zoneless);
        }
        self.foreign |= !reads.native;
    }

    /// How to read the column, and what the answer says of that; or why it cannot be read in one way.
    pub(super) fn judge(&self, column: &Column<'_>, place: PlaceOf<'_>) -> Result<(Reading, Option<String>), Error> {
        let is_whole = column.sql_type.is_whole();
        // A whole number has no decimals: a comma in it can only stand between thousands.
        let undecided = self.either.as_ref().filter(|_| !is_whole).or(self.dotted.as_ref().filter(|_| is_whole));
        let style = match (&self.only, undecided) {
            ([Some(first), Some(second)], _) => {
                return Err(column.contradiction(&place(first)?, &place(second)?));
            }
            ([None, Some(_)], _) => Style::Second,
            ([Some(_), None], _) | ([None, None], None) => Style::First,
            ([None, None], Some(seen)) => return Err(column.open(&place(seen)?)),
        };
        if let Some((seen, why)) = &self.misfits[style as usize] {
            return Err(column.misfit(&place(seen)?, *why));
        }
        let reading = match (style, column.sql_type.is_number()) {
            _ if !self.foreign => Reading::Plain,
            (Style::First, true) => Reading::PointDecimals,
            (Style::Second, true) => Reading::CommaDecimals,
            (Style::First, false) => Reading::MonthFirst,
            (Style::Second, false) => Reading::DayFirst,
        };
        // Points between thousands are as foreign to hyperd as commas are.
        let reading = match (style, reading) {
            (Style::Second, Reading::Plain) => Reading::CommaDecimals,
            (_, reading) => reading,
        };
        let doubtful = self.either.as_ref().or(self.dotted.as_ref().filter(|_| style == Style::Second));
        let settled_by = self.only[style as usize].as_ref().filter(|_| style == Style::Second);
        let note = match (doubtful.or(settled_by), &self.zoneless) {
            (Some(seen), _) => Some(column.note(&place(seen)?, style)),
            (None, Some(seen)) => Some(column.zoneless(&place(seen)?)),
            (None, None) => None,
        };
        Ok((reading, note))
    }
}
