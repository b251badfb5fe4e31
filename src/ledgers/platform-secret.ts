import { Column, type DataSource, Entity, PrimaryColumn } from 'typeorm';

/** A key that every process shares and no caller uses. */
@Entity({ name: 'platform_secret' })
export class PlatformSecretEntity {
  @PrimaryColumn({ type: 'text' })
  name!: string;

  @Column({ type: 'bytea' })
  value!: Buffer;
}

/** Reads the secret of that name; the first process to ask stores the bytes that it brings. */
export async function sharedSecret(dataSource: DataSource, name: string, fresh: Buffer): Promise<Buffer> {
  const secrets = dataSource.getRepository(PlatformSecretEntity);
  await secrets.createQueryBuilder().insert().values({ name, value: fresh }).orIgnore().execute();
  return (await secrets.findOneByOrFail({ name })).value;
}
