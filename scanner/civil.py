"""Days as dates, for kernels."""

from __future__ import annotations

from scanner.compiled import kernel


@kernel(inline=True)
def civil(days):
    """Year, month and day of so many days since 1970-01-01, from 0000-03-01 on; in the Gregorian calendar throughout.

    Source: Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms", civil_from_days.
    """
    shifted = days + 719_468  # since 0000-03-01, so that a leap day ends a year
    era = shifted // 146_097
    of_era = shifted - era * 146_097
    year = (of_era - of_era // 1_460 + of_era // 36_524 - of_era // 146_096) // 365
    of_year = of_era - (365 * year + year // 4 - year // 100)
    month = (5 * of_year + 2) // 153
    day = of_year - (153 * month + 2) // 5 + 1
    month = month + 3 if month < 10 else month - 9
    return year + era * 400 + (1 if month <= 2 else 0), month, day
