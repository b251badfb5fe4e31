import { type DataSource, In } from 'typeorm';
import type { KeyStore } from '../core/ports/access.js';
import { ApiKeyEntity } from './api-key.js';

export function createKeyStore(dataSource: DataSource): KeyStore {
  const repository = dataSource.getRepository(ApiKeyEntity);
  return {
    all: () => repository.find({ order: { role: 'ASC', name: 'ASC' } }),
    async add(key) {
      await repository.save({ ...key });
    },
    async remove(sha256) {
      await repository.delete({ sha256: In([...sha256]) });
    },
  };
}
