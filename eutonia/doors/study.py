"""The command `eutonia study`: arms of a study over the same people, and a report of what came out."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Final

import click

from eutonia.doors.options import AS_JSON, NO_MOMENT, give_up, progress, several

_INTERRUPTED: Final = 130


@click.command()
@click.argument("file", type=click.Path(path_type=Path))
@click.option(
    "--engine", type=click.Choice(["process", "pool", "dask"]), default="process", show_default=True,
    help="This process, several of this machine, or Dask; the numbers are the same.",
)  # fmt: skip
@click.option("--workers", type=click.IntRange(1, 512), default=2, show_default=True, help="Processes of pool or dask.")
@click.option(
    "--scheduler",
    default="",
    help="A Dask scheduler such as tcp://10.0.0.1:8786; without it a cluster of this machine.",
)
@click.option(
    "--people", type=click.IntRange(1, 10_000_000), help="How many people, instead of the study's own number."
)
@click.option("--out", type=click.Path(path_type=Path), help="Where the report goes; out/studies/NAME if not given.")
@click.option("--people-out", type=click.Path(path_type=Path), help="Every person's outcomes, as Parquet.")
@click.option("--chunk", type=click.IntRange(1, 1_000_000), hidden=True)
@several(AS_JSON, NO_MOMENT)
def study(
    file: Path,
    engine: str,
    workers: int,
    scheduler: str,
    people: int | None,
    out: Path | None,
    people_out: Path | None,
    chunk: int | None,
    as_json: bool,
    now: str | None,
) -> None:
    """Run a study (TOML): each arm over the same people, and a report with tables, differences and drawings.

    Stopped with Ctrl-C, it goes on from the finished chunks when it is called again.  A model never decides a dose.
    """
    from eutonia.cohort.chunk import ChunkError
    from eutonia.cohort.engine import EngineError
    from eutonia.cohort.report import write
    from eutonia.cohort.run import carried_out
    from eutonia.cohort.study import StudyError, read_study

    if scheduler and engine != "dask":
        raise click.BadParameter("a scheduler belongs to --engine dask", param_hint="--scheduler")
    if people_out is not None and people_out.suffix != ".parquet":
        raise click.BadParameter(f"'{people_out}' does not end in .parquet", param_hint="--people-out")
    folder = out if out is not None else Path("out/studies") / file.stem
    try:
        text = file.read_text("utf-8")
        total = people if people is not None else read_study(text).people
        with progress(total, "people") as told:
            results = carried_out(
                text, folder, people=people, engine_name=engine, workers=workers, scheduler=scheduler, chunk=chunk,
                people_out=people_out, told=told,
            )  # fmt: skip
        ran = {"engine": engine, "workers": workers if engine != "process" else 1, "scheduler": scheduler}
        written = write(results, folder, ran)
    except StudyError as error:
        give_up(*(f"{file}: {line}" for line in error.problems))
    except UnicodeDecodeError as error:
        give_up(f"{file}: {error}")
    except OSError as error:
        give_up(f"{error.filename or file}: {error.strerror or error}")
    except (EngineError, ChunkError) as error:
        give_up(str(error))
    except ImportError:
        give_up("Parquet needs pyarrow: pip install 'eutonia[many]', or leave --people-out out")
    except KeyboardInterrupt:
        click.echo(f"Interrupted. The finished chunks are in {folder}; the same command goes on from them.", err=True)
        sys.exit(_INTERRUPTED)
    for line in results.damaged:
        click.echo(line, err=True)
    if as_json:
        click.echo(json.dumps({**results.as_dict(), "run": ran}, ensure_ascii=False, indent=2))
        return
    again = f", {results.found} of {results.found + results.computed} chunks from before" if results.found else ""
    click.echo(f"{results.study.title}\n{results.people:,} people in {len(results.arms)} arms{again}: {written[0]}")
    click.echo("What models answer, scenario grade: not a directive, and not a dose.")
