import { type DayNumber, dayNumber } from './book-days.js';

/** First day of the lunar year, from the Chinese calendar. */
const SPRING_FESTIVALS: readonly DayNumber[] = [
  '2015-02-19',
  '2016-02-08',
  '2017-01-28',
  '2018-02-16',
  '2019-02-05',
  '2020-01-25',
  '2021-02-12',
  '2022-02-01',
  '2023-01-22',
  '2024-02-10',
  '2025-01-29',
  '2026-02-17',
  '2027-02-06',
  '2028-01-26',
  '2029-02-13',
  '2030-02-03',
  '2031-01-23',
  '2032-02-11',
  '2033-01-31',
  '2034-02-19',
  '2035-02-08',
].map(dayNumber);

/** The travel season: it begins 15 days before Spring Festival and lasts 40 days. */
const SEASON = { from: -15, to: 24 };
/** Banks are closed from the eve on. */
const WEEK = { from: -1, to: 6 };

/** A day of the travel season: wages are spent on the journey home, and work begins again weeks later. */
export const inSpringFestivalSeason = (day: DayNumber): boolean => around(day, SEASON);

/** A day of the public holiday. */
export const inSpringFestivalWeek = (day: DayNumber): boolean => around(day, WEEK);

const around = (day: DayNumber, { from, to }: { readonly from: number; readonly to: number }): boolean =>
  SPRING_FESTIVALS.some((festival) => day >= festival + from && day <= festival + to);
