export type Brush = CanvasRenderingContext2D;

export const FULL_TURN = 2 * Math.PI;

/** A colour by its place on the wheel, [0, 1). */
export function colour(hue: number, saturation: number, lightness: number, alpha = 1): string {
  return `hsl(${Math.round(hue * 360)} ${saturation}% ${lightness}% / ${alpha})`;
}

export function dot(brush: Brush, x: number, y: number, radius: number): void {
  brush.beginPath();
  brush.arc(x, y, radius, 0, FULL_TURN);
  brush.fill();
}

export function oval(brush: Brush, x: number, y: number, wide: number, high: number, turn = 0) {
  brush.beginPath();
  brush.ellipse(x, y, wide, high, turn, 0, FULL_TURN);
  brush.fill();
}

/** A soft light: `tint` is a colour's hue, saturation and lightness. */
export function glow(
  brush: Brush,
  x: number,
  y: number,
  radius: number,
  tint: string,
  alpha: number,
) {
  const light = brush.createRadialGradient(x, y, 0, x, y, radius);
  light.addColorStop(0, `hsl(${tint} / ${alpha})`);
  light.addColorStop(1, `hsl(${tint} / 0)`);
  brush.fillStyle = light;
  dot(brush, x, y, radius);
}
