"""The other side of `nuts.py`, in NumPyro's own environment: nothing of Eutonia is imported here."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpyro
import numpyro.distributions as dist
from numpyro.diagnostics import summary
from numpyro.infer import MCMC, NUTS

jax.config.update("jax_enable_x64", True)
numpyro.set_host_device_count(1)


def course(eta: Any, times: Any) -> Any:
    """Nine doses of 20 mg every 8 h, two compartments, absorption of the first order after a lag: ng/mL at the times."""
    cl, v, ka = 10.8 * jnp.exp(eta[0]), 28.8 * jnp.exp(eta[1]), 2.2 * jnp.exp(eta[2])
    k10, k12, k21 = cl / v, 15.0 / v, 0.5
    total = k10 + k12 + k21
    root = jnp.sqrt(total**2 - 4.0 * k10 * k21)
    rates = jnp.stack([(total + root) / 2, (total - root) / 2, ka])
    since = jnp.maximum(times[:, None] - 8.0 * jnp.arange(9) - 0.4, 0.0)
    found = 0.0
    for n in range(3):
        one, two = rates[(n + 1) % 3], rates[(n + 2) % 3]
        found += ka * (k21 - rates[n]) / ((one - rates[n]) * (two - rates[n])) * jnp.exp(-rates[n] * since)
    return 20e3 / v * found.sum(axis=1)


def model(times: Any, seen: Any) -> None:
    """Etas of 30 %, levels with an error of 20 % of the course."""
    eta = numpyro.sample("eta", dist.Normal(jnp.zeros(3), 0.3).to_event(1))
    f = course(eta, times)
    numpyro.sample("level", dist.Normal(f, 0.2 * f).to_event(1), obs=seen)


def main(source: str, target: str) -> None:
    """Samples each patient, and writes means, sds and r-hats."""
    given = json.loads(Path(source).read_text())
    times, found = jnp.array(given["times"]), []
    for n, seen in enumerate(given["levels"]):
        chains = MCMC(
            NUTS(model, target_accept_prob=0.9),
            num_warmup=2000,
            num_samples=4000,
            num_chains=4,
            chain_method="vectorized",
            progress_bar=False,
        )
        chains.run(jax.random.PRNGKey(n), times, jnp.array(seen))
        drawn = chains.get_samples()["eta"]
        rhat = summary(chains.get_samples(group_by_chain=True))["eta"]["r_hat"].max()
        found.append({"mean": drawn.mean(axis=0).tolist(), "sd": drawn.std(axis=0).tolist(), "rhat": float(rhat)})
    Path(target).write_text(json.dumps(found))


if __name__ == "__main__":
    main(*sys.argv[1:])
