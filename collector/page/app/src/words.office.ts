/** Words of mandates, accounts, calibration, register and audit; a line a language. */

import { table } from "./words.table";

export const OFFICE = table({
  mandates: ["Mandates", "Mandats", "Mandatos"],
  calibration: ["Calibration", "Étalonnage", "Calibración"],
  register: ["Register", "Registre", "Registro"],
  audit: ["Audit", "Audit", "Auditoría"],
  "role.operator": ["operator", "opérateur", "operador"],
  "role.supervisor": ["supervisor", "superviseur", "supervisor"],
  "role.authority": ["authority", "autorité", "autoridad"],
  "role.technician": ["technician", "technicien", "técnico"],
  accounts: ["Accounts", "Comptes", "Cuentas"],
  "account.role": ["Role", "Rôle", "Rol"],
  "account.since": ["Since", "Depuis", "Desde"],
  "account.open": ["open", "ouvert", "abierta"],
  "account.closed": ["closed", "fermé", "cerrada"],
  "account.close": ["Close {0}", "Fermer {0}", "Cerrar {0}"],
  "account.close_sure": [
    "Close {0}? Whoever uses it is signed out at once.",
    "Fermer {0} ? Qui l’utilise est déconnecté aussitôt.",
    "¿Cerrar {0}? Quien la use queda fuera al instante.",
  ],
  "account.invite": ["Invite somebody", "Inviter quelqu’un", "Invitar a alguien"],
  "account.invite_do": ["Make a one-time link", "Créer un lien unique", "Crear un enlace único"],
  "account.link": [
    "This link works once and for a day. It is shown only now: hand it over yourself.",
    "Ce lien sert une fois, pendant un jour. Il n’est montré que maintenant : remettez-le vous-même.",
    "Este enlace sirve una vez y un día. Solo se muestra ahora: entréguelo usted mismo.",
  ],
  "account.link_for": ["One-time link ({0})", "Lien unique ({0})", "Enlace único ({0})"],
});
