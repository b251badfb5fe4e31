import type { Book } from './book.js';
import type { ApplicationLife, Life } from './life.js';
import type { Row } from './rows.js';
import { momentAt, settingOf } from './setting.js';

/**
 * The app's context when an application was sent, as columns of `applications`: device_id, ip, province, city, and latitude, longitude and
 * datum where the customer let it see them. The province and city are where the phone was, not where the customer lives.
 */
export function applicationContext(
  book: Book,
  life: Life,
  application: Pick<ApplicationLife, 'id' | 'appliedAt'>,
): Row {
  const random = book.random('application moment', application.id);
  const moment = momentAt(book, settingOf(book, life.person), application.appliedAt, random);
  return {
    device_id: moment.device.id,
    ...moment.columns,
    province: moment.place.province,
    city: moment.place.city,
  };
}
