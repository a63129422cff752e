import type { Database } from '../database/database.ts'

/** Finds the argon2id parameters that passwords were hashed with (`m=19456,t=2,p=1`), each once, by jumps along their index. */
export async function findPasswordGenerations(db: Database): Promise<string[]> {
  const { rows } = await db.raw(
    `with recursive generations as (
       select min(split_part(password_hash, '$', 4)) as parameters from accounts
       union all
       select (select min(split_part(password_hash, '$', 4)) from accounts
         where split_part(password_hash, '$', 4) > generations.parameters)
       from generations where generations.parameters is not null)
     select parameters from generations where parameters is not null`,
  )
  return rows.map((row: { parameters: string }) => row.parameters)
}
