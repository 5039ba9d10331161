import java.lang.management.ManagementFactory;
import java.util.Scanner;
import sim.engine.RandomSequence;
import sim.engine.SimState;
import sim.engine.Steppable;
import sim.field.continuous.Continuous2D;
import sim.util.Bag;
import sim.util.Double2D;

/**
 * Flocking on MASON, for bench/flocking.ts: a line "birds size radius steps seed" in, a line
 * "wall ms, processor ms, polarisation" out.
 */
public class MasonFlocking extends SimState {
  static final double SPEED = 1, COHERE = 0.03, SEPARATE = 0.015, SEPARATION = 1, MATCH = 0.05;

  final double radius;
  final Continuous2D sky;
  final Bird[] birds;

  MasonFlocking(long seed, int count, double size, double radius) {
    super(seed);
    this.radius = radius;
    sky = new Continuous2D(radius / 1.5, size, size);
    birds = new Bird[count];
  }

  @Override
  public void start() {
    super.start();
    for (int i = 0; i < birds.length; i++) {
      Bird bird = new Bird();
      bird.place = new Double2D(random.nextDouble() * sky.width, random.nextDouble() * sky.height);
      bird.vx = 2 * random.nextDouble() - 1;
      bird.vy = 2 * random.nextDouble() - 1;
      sky.setObjectLocation(bird, bird.place);
      birds[i] = bird;
    }
    schedule.scheduleRepeating(new RandomSequence(birds));
  }

  double polarisation() {
    double x = 0, y = 0;
    for (Bird bird : birds) {
      x += bird.vx;
      y += bird.vy;
    }
    return Math.sqrt(x * x + y * y) / birds.length;
  }

  static class Bird implements Steppable {
    Double2D place;
    double vx, vy;
    final Bag near = new Bag();

    @Override
    public void step(SimState state) {
      MasonFlocking flock = (MasonFlocking) state;
      Continuous2D sky = flock.sky;
      near.clear();
      sky.getNeighborsExactlyWithinDistance(place, flock.radius, true, true, true, near);
      double x = 0, y = 0, pushX = 0, pushY = 0, alongX = 0, alongY = 0;
      int count = 0;
      for (int i = 0; i < near.numObjs; i++) {
        Bird other = (Bird) near.objs[i];
        if (other == this) continue;
        double dx = sky.tdx(other.place.x, place.x);
        double dy = sky.tdy(other.place.y, place.y);
        count++;
        x += dx;
        y += dy;
        alongX += other.vx;
        alongY += other.vy;
        if (dx * dx + dy * dy < SEPARATION * SEPARATION) {
          pushX -= dx;
          pushY -= dy;
        }
      }
      double share = 1.0 / Math.max(1, count);
      double wishX = vx + (COHERE * x + SEPARATE * pushX + MATCH * alongX) * share;
      double wishY = vy + (COHERE * y + SEPARATE * pushY + MATCH * alongY) * share;
      double length = Math.sqrt(wishX * wishX + wishY * wishY);
      vx = wishX / length;
      vy = wishY / length;
      place = new Double2D(sky.stx(place.x + SPEED * vx), sky.sty(place.y + SPEED * vy));
      sky.setObjectLocation(this, place);
    }
  }

  public static void main(String[] arguments) {
    var threads = ManagementFactory.getThreadMXBean();
    Scanner lines = new Scanner(System.in);
    while (lines.hasNextLine()) {
      String[] words = lines.nextLine().trim().split(" ");
      double size = Double.parseDouble(words[1]), radius = Double.parseDouble(words[2]);
      int steps = Integer.parseInt(words[3]);
      long seed = Long.parseLong(words[4]);
      var flock = new MasonFlocking(seed, Integer.parseInt(words[0]), size, radius);
      flock.start();
      long wall = System.nanoTime(), cpu = threads.getCurrentThreadCpuTime();
      for (int i = 0; i < steps; i++) flock.schedule.step(flock);
      double wallMs = (System.nanoTime() - wall) / 1e6;
      double cpuMs = (threads.getCurrentThreadCpuTime() - cpu) / 1e6;
      System.out.println(wallMs + " " + cpuMs + " " + flock.polarisation());
      System.out.flush();
    }
  }
}
