/** Is it still you? Asked before clips, with the password or a passkey. */

import { me, post, proofWanted } from "./api";
import { FormDialog } from "./FormDialog";
import { prove } from "./passkeys";
import { UsePasskey } from "./UsePasskey";
import { say } from "./words";

export function ProofDialog() {
  const submit = async (fields: FormData) => {
    await post("/api/step-up", { password: String(fields.get("password")) });
    proofWanted.value?.(true);
  };
  const byPasskey = () => prove().then(() => proofWanted.value?.(true));
  return (
    <FormDialog
      id="proof-title"
      title={say("step.title")}
      does={say("step.do")}
      submit={submit}
      leave={() => proofWanted.value?.(false)}
    >
      <p class="dim">{say("step.why")}</p>
      <label>
        {say("password")}
        <input name="password" type="password" required autocomplete="current-password" />
      </label>
      {!!me.value?.passkeys && <UsePasskey use={byPasskey} />}
    </FormDialog>
  );
}
