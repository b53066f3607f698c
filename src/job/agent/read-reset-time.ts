import type { Millis } from "../../core/domain/ids.ts";
import { DAY_MS, HOUR_MS, MINUTE_MS, SECOND_MS } from "../../core/domain/durations.ts";

/** The moment and the zone in which a provider's words are read. */
export type ResetClock = {
  readonly now: Millis;
  /** The zone of a time without one: agents print the time of their machine. */
  readonly zone: string;
};

const UNITS_MS = { ms: 1, s: SECOND_MS, m: MINUTE_MS, h: HOUR_MS, d: DAY_MS } as const;
/** Words may be read minutes after they were written: "3pm" at 3:01 is today's. */
const READING_DELAY_MS = 10 * MINUTE_MS;
const WEEK_MS = 7 * DAY_MS;

const DURATION_PART = /(\d+(?:\.\d+)?)\s*(ms|milliseconds?|s|secs?|seconds?|m|mins?|minutes?|h|hrs?|hours?|d|days?)(?![a-z])/gi;

const toUnit = (word: string): keyof typeof UNITS_MS => {
  const name = word.toLowerCase();
  if (name === "ms" || name.startsWith("milli")) return "ms";
  const [first] = name;
  return first === "d" || first === "h" || first === "m" ? first : "s";
};

/** `2 hours 5 minutes`, `14h32m8s`, `39.5 s`: a duration in milliseconds; null for any other text. */
const readDuration = (text: string): Millis | null => {
  const parts = [...text.matchAll(DURATION_PART)];
  if (parts.length === 0) return null;
  return parts.reduce((sum, [, amount, unit = ""]) => sum + Number(amount) * UNITS_MS[toUnit(unit)], 0);
};

type WallTime = {
  readonly year: number;
  readonly month: number;
  readonly day: number;
  readonly hour: number;
  readonly minute: number;
};

/** The wall clock of a zone at a moment. Throws if the zone is unknown. */
const readWallTime = (at: Millis, zone: string): WallTime => {
  const format = new Intl.DateTimeFormat("en-US", {
    timeZone: zone,
    hourCycle: "h23",
    year: "numeric",
    month: "numeric",
    day: "numeric",
    hour: "numeric",
    minute: "numeric",
  });
  const parts = Object.fromEntries(format.formatToParts(at).map(({ type, value }) => [type, Number(value)]));
  const { year = 0, month = 1, day = 1, hour = 0, minute = 0 } = parts;
  return { year, month, day, hour, minute };
};

const toUtc = ({ year, month, day, hour, minute }: WallTime): Millis => Date.UTC(year, month - 1, day, hour, minute);

/** The moment at which a zone's wall clock shows a time. The second step corrects a change of the clock in between. */
const toMoment = (wall: WallTime, zone: string): Millis => {
  const wanted = toUtc(wall);
  const shift = (at: Millis): Millis => toUtc(readWallTime(at, zone)) - at;
  const near = wanted - shift(wanted);
  return wanted - shift(near);
};

const MONTHS = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];
const CLOCK_PATTERN =
  /\b(?<hour>\d{1,2})(?::(?<minute>\d{2}))?\s*(?<half>[ap]m)?\b(?:\s*\((?<zone>[\w/+-]{1,40})\)|\s+(?<utc>UTC|GMT)\b)?/i;
const DATE_PATTERN =
  /\b(?<month>jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*\.?\s+(?<day>\d{1,2})(?:st|nd|rd|th)?(?:,?\s+(?<year>20\d{2}))?(?:,|\s+at)?\s*/i;

const readHour = (hour: string, half: string | undefined): number => {
  const number = Number(hour);
  if (half === undefined) return number;
  return (number % 12) + (half.toLowerCase() === "pm" ? 12 : 0);
};

type ClockTime = Pick<WallTime, "hour" | "minute"> & { readonly zone: string };

const readClock = (text: string, ownZone: string): ClockTime | null => {
  const { hour: digits = "", minute: minutes, half, zone, utc } = CLOCK_PATTERN.exec(text)?.groups ?? {};
  // A number alone is no time.
  if (half === undefined && minutes === undefined) return null;
  const [hour, minute] = [readHour(digits, half), Number(minutes ?? 0)];
  return hour > 23 || minute > 59 ? null : { hour, minute, zone: zone ?? (utc === undefined ? ownZone : "UTC") };
};

/** `3pm (UTC)`, `3:45 PM`, `Oct 5, 3pm (Europe/Berlin)`, `Oct 5th, 2026 3:45 PM`: the next such moment; null for any other text. */
const readClockTime = (text: string, { now, zone: ownZone }: ResetClock): Millis | null => {
  const date = DATE_PATTERN.exec(text)?.groups;
  const clock = readClock(text.replace(DATE_PATTERN, ""), ownZone);
  if (!clock) return null;
  const { zone, hour, minute } = clock;
  const today = { ...readWallTime(now, zone), hour, minute };
  if (date) return findDate(date, { today, now, zone });
  const at = toMoment(today, zone);
  return at >= now - READING_DELAY_MS ? at : at + DAY_MS;
};

type DateFinding = ResetClock & { readonly today: WallTime };

const findDate = (date: Readonly<Record<string, string | undefined>>, { today, now, zone }: DateFinding): Millis => {
  const month = MONTHS.indexOf((date["month"] ?? "").slice(0, 3).toLowerCase()) + 1;
  const named = { ...today, month, day: Number(date["day"]) };
  const at = toMoment({ ...named, year: Number(date["year"] ?? today.year) }, zone);
  // Without a year, a date long ago is one of the next year.
  return date["year"] === undefined && at < now - WEEK_MS ? toMoment({ ...named, year: today.year + 1 }, zone) : at;
};

/** Seconds or milliseconds since 1970, by their number of digits. */
const readEpoch = (text: string): Millis | null => {
  const [, digits = ""] = /^\s*(\d{10}|\d{13})\s*$/.exec(text) ?? [];
  return digits === "" ? null : Number(digits) * (digits.length === 10 ? SECOND_MS : 1);
};

const WHOLE_DATE_PATTERN = /\d{4}-\d{2}-\d{2}T[\d:.]+(?:Z|[+-]\d{2}:?\d{2})|[A-Z][a-z]{2}, \d{2} [A-Z][a-z]{2} \d{4} [\d:]{8} GMT/;

const readWholeDate = (text: string): Millis | null => {
  const [found] = WHOLE_DATE_PATTERN.exec(text) ?? [];
  const at = found === undefined ? Number.NaN : Date.parse(found);
  return Number.isNaN(at) ? null : at;
};

/** The moment that a provider's words about a renewed quota name; null if they name none. */
export const readResetTime = (words: string, clock: ResetClock): Millis | null => {
  const whole = readEpoch(words) ?? readWholeDate(words);
  if (whole !== null) return whole;
  if (words.startsWith("in ")) {
    const duration = readDuration(words);
    return duration === null ? null : clock.now + Math.ceil(duration);
  }
  try {
    return readClockTime(words, clock);
  } catch {
    // The zone is unknown.
    return null;
  }
};
