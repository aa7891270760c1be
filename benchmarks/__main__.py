"""All measurements: tables, JSON files, targets."""

import os
import sys

from .processes import PROCESSES, run
from .reporting import headline, report_targets
from .rows import Row, smallest, write
from .tables import by_batch


def main(sections: list[str]) -> None:
    """Measure the sections that are named, or all."""
    known = list(dict.fromkeys(process.section for process in PROCESSES))
    unknown = set(sections) - set(known)
    if unknown:
        sys.exit(f"no section {', '.join(sorted(unknown))}: take some of {', '.join(known)}")
    load = os.getloadavg()[0]
    print(headline(load), flush=True)
    for section in sections or known:
        measured: list[Row] = []
        for process in PROCESSES:
            if process.section == section:
                measured += run(process)
        rows = smallest(measured)
        write(section, rows, load)
        print(f"\n{section}\n\n{by_batch(rows)}", flush=True)
    report_targets(load)


if __name__ == "__main__":
    main(sys.argv[1:])
