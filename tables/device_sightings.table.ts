import { defineTable, flag, instant, opt, pii, text, texts } from 'riskgraph';

export default defineTable({
  description: 'A customer seen on a device, with the identifiers that the device showed.',
  key: ['customer_id', 'device_id', 'seen_at'],
  eventTime: 'seen_at',
  columns: {
    customer_id: text('Who was seen'),
    device_id: pii(text('The lender’s own id of the device')),
    seen_at: instant('When'),
    imei: opt(pii(text('The IMEI'))),
    meid: opt(pii(text('The MEID'))),
    idfa: opt(pii(text('Apple’s advertising id'))),
    idfv: opt(pii(text('Apple’s vendor id'))),
    gaid: opt(pii(text('Google’s advertising id'))),
    oaid: opt(pii(text('The open anonymous device id'))),
    android_id: opt(pii(text('The Android id'))),
    udid: opt(pii(text('Apple’s device id, from before 2013'))),
    brand: opt(text('The brand')),
    model: opt(text('The model')),
    os: opt(text('The operating system')),
    os_version: opt(text('The version of the operating system')),
    is_emulator: opt(flag('1 where it is an emulator')),
    is_rooted: opt(flag('1 where it is rooted or jailbroken')),
    flags: texts('What looks wrong: hook, clone, vpn, mock_location, clock_skew …'),
    ip: opt(pii(text('The address'))),
    wifi_bssid: opt(pii(text('The hardware address of the WiFi’s access point'))),
  },
});
