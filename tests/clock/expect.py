#!/usr/bin/env python3
"""What independent implementations say: PyPI `holidays` and `python-dateutil`.

Prints one JSON document: the holidays of every calendar for 2024 to 2032, and random computations of
business days, months, calendar days and what weekends do to them, days after the end of a year, and hours
over changes of the clocks (`zoneinfo`). Usage: expect.py SEED COUNT
"""

import datetime
import json
import random
import sys
import zoneinfo

import holidays
from dateutil.easter import easter
from dateutil.relativedelta import relativedelta

YEARS = range(2024, 2033)
DAY = datetime.timedelta(days=1)


def country(code, subdivision=None):
    return holidays.country_holidays(code, subdiv=subdivision, years=YEARS, language="en_US")


def eu():
    """The days that the institutions keep every year; no library has the published lists."""
    days = set()
    for year in YEARS:
        days |= {datetime.date(year, m, d) for m, d in
                 [(1, 1), (5, 1), (5, 9), (8, 15), (11, 1), (12, 25), (12, 26)]}
        days |= {easter(year) + datetime.timedelta(days=n) for n in (-2, 1, 39, 50)}
    return days


CALENDARS = {
    "us_federal": country("US"),
    "sec": country("US"),
    "uk_england_wales": country("GB", "ENG"),
    "uk_scotland": country("GB", "SCT"),
    "uk_northern_ireland": country("GB", "NIR"),
    "pt": country("PT"),
    "de": None,
    "eu_institutions": eu(),
}
LANDS = "BW BY BE BB HB HH HE MV NI NW RP SL SN ST SH TH".split()
for land in LANDS:
    CALENDARS["de_" + land.lower()] = country("DE", land)
CALENDARS["de"] = set.intersection(*(set(CALENDARS["de_" + land.lower()]) for land in LANDS))


def works(calendar, day):
    return day.weekday() < 5 and day not in calendar


def business_days(calendar, start, amount):
    day = start
    while amount:
        day += DAY
        amount -= works(calendar, day)
    return day


def rolled(calendar, day, step):
    while not works(calendar, day):
        day += step
    return day


def elapsed(chance, first, span):
    """Hours that elapse, from an instant near a change of the clocks, and what a clock on the wall says."""
    name = chance.choice(["Europe/Berlin", "Europe/Lisbon", "Europe/London", "America/New_York"])
    zone = zoneinfo.ZoneInfo(name)
    midnight = datetime.datetime.combine(first, datetime.time(), datetime.timezone.utc)
    start = midnight + datetime.timedelta(minutes=chance.randrange(span * 24 * 60))
    near = [start + datetime.timedelta(days=n) for n in range(260)]
    changed = [day for day in near
               if day.astimezone(zone).utcoffset() != (day + DAY).astimezone(zone).utcoffset()]
    start = chance.choice([start, changed[0]])
    hours = chance.randint(1, 240)
    end = (start + datetime.timedelta(hours=hours)).astimezone(zone)
    return [name, start.strftime("%Y-%m-%dT%H:%M:%SZ"), hours, end.strftime("%Y-%m-%dT%H:%M:%S")]


def main():
    chance = random.Random(int(sys.argv[1]))
    count = int(sys.argv[2])
    first = datetime.date(2024, 2, 1)
    span = (datetime.date(2032, 6, 1) - first).days
    business, months, days_later, year_ends, hours = [], [], [], [], []
    names = sorted(CALENDARS)
    for _ in range(count):
        name = chance.choice(names)
        start = first + datetime.timedelta(days=chance.randrange(span))
        amount = chance.randint(1, 60)
        end = business_days(CALENDARS[name], start, amount)
        business.append([name, str(start), amount, str(end)])
        amount = chance.randint(1, 24)
        months.append([str(start), amount, str(start + relativedelta(months=amount))])
        amount = chance.randint(1, 400)
        last = start + datetime.timedelta(days=amount)
        calendar = CALENDARS[name]
        days_later.append([name, str(start), amount, str(last),
                           str(rolled(calendar, last, DAY)), str(rolled(calendar, last, -DAY))])
        amount = chance.randint(1, 120)
        end = datetime.date(start.year, 12, 31) + datetime.timedelta(days=amount)
        year_ends.append([str(start), amount, str(end)])
        hours.append(elapsed(chance, first, span))
    # Two calendars have days on a weekend that change nothing: only working days are compared.
    days = {
        name: sorted(str(day) for day in calendar if day.weekday() < 5 and day.year in YEARS)
        for name, calendar in CALENDARS.items()
    }
    json.dump({"holidays": days, "business": business, "months": months, "days": days_later,
               "year_ends": year_ends, "hours": hours}, sys.stdout)


if __name__ == "__main__":
    main()
