"""Flocking on Mesa, for bench/flocking.ts: a line "birds size radius steps seed" in, a line
"wall ms, processor ms, polarisation" out."""

import sys
import time

import numpy as np
from mesa import Model
from mesa.experimental.continuous_space import ContinuousSpace, ContinuousSpaceAgent

SPEED, COHERE, SEPARATE, SEPARATION, MATCH = 1.0, 0.03, 0.015, 1.0, 0.05


class Bird(ContinuousSpaceAgent):
    def __init__(self, space, model, position, velocity, radius):
        super().__init__(space, model)
        self.position = position
        self.velocity = velocity
        self.radius = radius

    def fly(self):
        near, distances = self.get_neighbors_in_radius(radius=self.radius)
        if len(near) > 0:
            offsets = self.space.calculate_difference_vector(self.position, agents=near)
            wish = COHERE * offsets.sum(axis=0)
            wish -= SEPARATE * offsets[distances < SEPARATION].sum(axis=0)
            wish += MATCH * np.sum([other.velocity for other in near], axis=0)
            self.velocity = self.velocity + wish / len(near)
        self.velocity = self.velocity / np.linalg.norm(self.velocity)
        self.position = self.position + SPEED * self.velocity


class Flock(Model):
    def __init__(self, birds, size, radius, seed):
        super().__init__(seed=seed)
        space = ContinuousSpace(
            [[0, size], [0, size]], torus=True, random=self.random, n_agents=birds
        )
        for _ in range(birds):
            position = self.rng.uniform(0, size, 2)
            Bird(space, self, position, self.rng.uniform(-1, 1, 2), radius)

    def step(self):
        self.agents.shuffle_do("fly")


for line in sys.stdin:
    birds, size, radius, steps, seed = (float(word) for word in line.split())
    flock = Flock(int(birds), size, radius, int(seed))
    wall, cpu = time.perf_counter(), time.process_time()
    for _ in range(int(steps)):
        flock.step()
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    mean = np.mean([bird.velocity for bird in flock.agents], axis=0)
    print(wall * 1000, cpu * 1000, np.linalg.norm(mean), flush=True)
