/** Why something was refused, said at once to those who cannot see it. */

export function Failure({ text }: { text: string | null }) {
  if (!text) return null;
  return (
    <p class="failure" role="alert">
      {text}
    </p>
  );
}
