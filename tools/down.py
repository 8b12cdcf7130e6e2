"""`make down`: ends what `make up` left running."""

from __future__ import annotations

import argparse
from pathlib import Path

from tools import sessions
from tools.local_airflow import ROOT


def main() -> None:
    """Ends every process of the recorded sessions, and no other."""
    parser = argparse.ArgumentParser(description="Ends what make up left running.")
    parser.add_argument("--folder", type=Path, default=ROOT / "run", help="where it was started")
    stopped = sessions.stop_recorded(parser.parse_args().folder / "processes.json")
    print(f"Stopped: {', '.join(stopped)}" if stopped else "Nothing was running.")


if __name__ == "__main__":
    main()
