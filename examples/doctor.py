"""Say what will go wrong with recordings, before a voice is trained on them.

python examples/doctor.py FOLDER [PAGE.html]
"""

import sys

import duetto
from duetto.errors import report_errors


def main() -> None:
    """Print the findings."""
    report = duetto.doctor(sys.argv[1])

    print(f"{report.verdict} {report.usable_s:.0f} of {report.seconds:.0f} s are usable.")
    for finding in report.findings:
        if finding.severity in ("serious", "warning"):
            print(f"{finding.severity}: {finding.check}: {finding.what}\n    {finding.predicts} {finding.advice}")
    if len(sys.argv) > 2:
        print(f"Page: {report.to_html(sys.argv[2])}")


if __name__ == "__main__":
    with report_errors():  # an error that you can mend, or Ctrl-C, is one sentence
        main()
