/** Where in the frame: an empty 16:9 frame with the box and the way. There is no picture. */

import { say } from "./words";

const WIDTH = 320;
const HEIGHT = 180;

interface Props {
  box: readonly [number, number, number, number] | null;
  way: readonly (readonly [number, number])[];
}

export function FrameDrawing({ box, way }: Props) {
  if (!box) return <p class="dim">{say("no_drawing")}</p>;
  const [left, top, right, bottom] = box;
  const points = way.map(([x, y]) => `${x * WIDTH},${y * HEIGHT}`).join(" ");
  return (
    <figure class="frame">
      <svg viewBox={`0 0 ${WIDTH} ${HEIGHT}`} role="img" aria-label={say("drawing")}>
        <rect class="edge" x="0.5" y="0.5" width={WIDTH - 1} height={HEIGHT - 1} />
        {[1, 2, 3].map((part) => (
          <g key={part} class="grid">
            <path d={`M${(part * WIDTH) / 4} 0V${HEIGHT}`} />
            <path d={`M0 ${(part * HEIGHT) / 4}H${WIDTH}`} />
          </g>
        ))}
        <polyline class="way" points={points} />
        {way.map(([x, y], at) => (
          <circle
            key={at}
            class={at === 0 ? "here" : "step"}
            cx={x * WIDTH}
            cy={y * HEIGHT}
            r={at === 0 ? 3.5 : 1.8}
          />
        ))}
        <rect
          class="box"
          x={left * WIDTH}
          y={top * HEIGHT}
          width={(right - left) * WIDTH}
          height={(bottom - top) * HEIGHT}
        />
      </svg>
      <figcaption class="dim">{say("frame_caption")}</figcaption>
    </figure>
  );
}
