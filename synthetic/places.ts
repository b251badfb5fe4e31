import type { Random } from './random.js';
import type { Row } from './rows.js';

/** A city and the middle of it, WGS84 degrees. */
export interface Place {
  readonly province: string;
  readonly city: string;
  readonly latitude: number;
  readonly longitude: number;
}

/** Province, city, latitude and longitude of the centre, and the customers that a lender finds there relative to the others. */
const CITIES: readonly (readonly [string, string, number, number, number])[] = [
  ['Beijing', 'Beijing', 39.9042, 116.4074, 26],
  ['Tianjin', 'Tianjin', 39.1256, 117.1902, 16],
  ['Shanghai', 'Shanghai', 31.2304, 121.4737, 28],
  ['Chongqing', 'Chongqing', 29.563, 106.5516, 26],
  ['Guangdong', 'Guangzhou', 23.1291, 113.2644, 30],
  ['Guangdong', 'Shenzhen', 22.5431, 114.0579, 32],
  ['Guangdong', 'Dongguan', 23.0207, 113.7518, 22],
  ['Guangdong', 'Foshan', 23.0215, 113.1214, 18],
  ['Guangdong', 'Huizhou', 23.1115, 114.4152, 10],
  ['Guangdong', 'Zhuhai', 22.271, 113.5767, 5],
  ['Guangdong', 'Shantou', 23.3535, 116.682, 9],
  ['Jiangsu', 'Nanjing', 32.0603, 118.7969, 16],
  ['Jiangsu', 'Suzhou', 31.2989, 120.5853, 21],
  ['Jiangsu', 'Wuxi', 31.4912, 120.3119, 12],
  ['Jiangsu', 'Changzhou', 31.8112, 119.9741, 9],
  ['Jiangsu', 'Nantong', 31.9802, 120.8943, 10],
  ['Jiangsu', 'Xuzhou', 34.2056, 117.284, 13],
  ['Zhejiang', 'Hangzhou', 30.2741, 120.1551, 20],
  ['Zhejiang', 'Ningbo', 29.8683, 121.544, 15],
  ['Zhejiang', 'Wenzhou', 27.9943, 120.6993, 14],
  ['Zhejiang', 'Jinhua', 29.0791, 119.6474, 11],
  ['Shandong', 'Jinan', 36.6512, 117.1201, 15],
  ['Shandong', 'Qingdao', 36.0671, 120.3826, 16],
  ['Shandong', 'Yantai', 37.4638, 121.4479, 10],
  ['Shandong', 'Weifang', 36.7069, 119.1618, 12],
  ['Shandong', 'Linyi', 35.1041, 118.3564, 15],
  ['Henan', 'Zhengzhou', 34.7466, 113.6253, 22],
  ['Henan', 'Luoyang', 34.6197, 112.454, 11],
  ['Henan', 'Nanyang', 32.9908, 112.5283, 13],
  ['Sichuan', 'Chengdu', 30.5728, 104.0668, 30],
  ['Sichuan', 'Mianyang', 31.4675, 104.6796, 8],
  ['Sichuan', 'Nanchong', 30.8373, 106.1107, 8],
  ['Hubei', 'Wuhan', 30.5928, 114.3055, 22],
  ['Hubei', 'Yichang', 30.6919, 111.2865, 7],
  ['Hubei', 'Xiangyang', 32.009, 112.1226, 8],
  ['Hunan', 'Changsha', 28.2282, 112.9388, 17],
  ['Hunan', 'Hengyang', 26.8936, 112.5719, 10],
  ['Hebei', 'Shijiazhuang', 38.0428, 114.5149, 15],
  ['Hebei', 'Baoding', 38.8739, 115.4646, 13],
  ['Hebei', 'Tangshan', 39.6309, 118.1802, 10],
  ['Hebei', 'Handan', 36.6256, 114.5391, 12],
  ['Fujian', 'Fuzhou', 26.0745, 119.2965, 12],
  ['Fujian', 'Xiamen', 24.4798, 118.0894, 9],
  ['Fujian', 'Quanzhou', 24.8741, 118.6757, 13],
  ['Shaanxi', 'Xian', 34.3416, 108.9398, 19],
  ['Shaanxi', 'Baoji', 34.3619, 107.237, 5],
  ['Anhui', 'Hefei', 31.8206, 117.2272, 15],
  ['Anhui', 'Wuhu', 31.3525, 118.4331, 6],
  ['Anhui', 'Fuyang', 32.8901, 115.8142, 12],
  ['Jiangxi', 'Nanchang', 28.6829, 115.8582, 10],
  ['Jiangxi', 'Ganzhou', 25.831, 114.935, 12],
  ['Guangxi', 'Nanning', 22.817, 108.3665, 12],
  ['Guangxi', 'Guilin', 25.2736, 110.29, 7],
  ['Yunnan', 'Kunming', 25.0389, 102.7183, 12],
  ['Guizhou', 'Guiyang', 26.647, 106.6302, 9],
  ['Guizhou', 'Zunyi', 27.7257, 106.9273, 9],
  ['Liaoning', 'Shenyang', 41.8057, 123.4315, 12],
  ['Liaoning', 'Dalian', 38.914, 121.6147, 10],
  ['Jilin', 'Changchun', 43.8171, 125.3235, 11],
  ['Heilongjiang', 'Harbin', 45.8038, 126.535, 12],
  ['Shanxi', 'Taiyuan', 37.8706, 112.5489, 8],
  ['Shanxi', 'Datong', 40.0768, 113.3001, 5],
  ['Inner Mongolia', 'Hohhot', 40.8424, 111.75, 5],
  ['Gansu', 'Lanzhou', 36.0611, 103.8343, 6],
  ['Qinghai', 'Xining', 36.6171, 101.7782, 3],
  ['Ningxia', 'Yinchuan', 38.4872, 106.2309, 4],
  ['Xinjiang', 'Urumqi', 43.8256, 87.6168, 6],
  ['Hainan', 'Haikou', 20.044, 110.1999, 5],
];

const PLACES: readonly Place[] = CITIES.map(([province, city, latitude, longitude]) => ({
  province,
  city,
  latitude,
  longitude,
}));

const CHOICES = PLACES.map((place, index) => [place, CITIES[index]?.[4] ?? 0] as const);

const BY_NAME: ReadonlyMap<string, Place> = new Map(PLACES.map((place) => [`${place.province}/${place.city}`, place]));

/** A city, the large ones more often. */
export const pickPlace = (random: Random): Place => random.weighted(CHOICES);

/** Null for a city that the book does not know. */
export const placeNamed = (province: unknown, city: unknown): Place | null =>
  BY_NAME.get(`${province}/${city}`) ?? null;

/** Rows of `places`. */
export const placeRows = (): readonly Row[] => PLACES.map((place) => ({ ...place }));
