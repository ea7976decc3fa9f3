/** A passkey instead of the password, where this browser and this address can have one. */

import { useState } from "preact/hooks";
import { Failure } from "./Failure";
import { isAble } from "./passkeys";
import { reason } from "./signals";
import { say } from "./words";

export function UsePasskey({ use }: { use: () => Promise<void> }) {
  const [failure, setFailure] = useState<string | null>(null);
  if (!isAble()) return null;
  const start = () => {
    setFailure(null);
    use().catch((error) => setFailure(reason(error)));
  };
  return (
    <>
      <button type="button" onClick={start}>
        {say("passkey.use")}
      </button>
      <Failure text={failure} />
    </>
  );
}
