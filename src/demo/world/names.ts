import type { Country } from './group.ts'
import type { SeededRandom } from './seeded-random.ts'

/** Names put together from invented parts. Any likeness to a person or company is chance. */
type Language = Country['language']

type NameParts = {
  readonly roots: readonly string[]
  readonly endings: readonly string[]
  readonly trades: readonly string[]
  readonly firstNames: readonly string[]
  readonly streets: readonly string[]
}

const list = (words: string): readonly string[] => words.split(' ')

const PARTS: Readonly<Record<Language, NameParts>> = {
  de: {
    roots: list(
      'Farn Oster Halm Bruch Wester Kalt Ehren Tann Grün Möhl Dorn Hasel Kreuz Uhlen Vogt',
    ),
    endings: list('beck mühl horst wieck brügge felden rade moor stetten kamp lohe quell'),
    trades: list(
      'Werkzeugbau Lebensmittel Medizintechnik Logistik Elektronik Möbelwerke Verpackung Chemie Textil Maschinenbau Kälteanlagen Druckguss',
    ),
    firstNames: list('Anneke Jörg Silke Matthias Ümit Käthe Ralf Beate Sönke Ilse Torben Heike'),
    streets: list('Lindengasse Hafenweg Am_Speicher Mühlenstieg Gerberallee Kanalufer'),
  },
  fr: {
    roots: list('Mont Val Bois Clair Haut Roche Fontan Beau Noir Vert'),
    endings: list('ignac éval fleury ormière ançon elles ivière autrey'),
    trades: list(
      'Outillage Alimentation Optique Transports Électronique Mobilier Emballage Chimie',
    ),
    firstNames: list('Zoé Benoît Maëlle Thibault Agnès Loïc Inès Gaëtan Hélène Cédric'),
    streets: list('rue_des_Tanneurs quai_du_Levant allée_des_Frênes place_du_Grenier'),
  },
  en: {
    roots: list('Harrow Win Ashen Cald Thorn Wether Marl Peven Stan Ock Brack Hollin'),
    endings: list('combe ridge mere thwaite ley stowe garth brook wold hurst'),
    trades: list(
      'Tooling Foods Medical Freight Electronics Furniture Packaging Chemicals Textiles Instruments',
    ),
    firstNames: list('Imogen Alasdair Nuala Desmond Priya Rowan Siobhán Tobias Wren Marcus'),
    streets: list('Tanner_Row Quay_Street Ashlar_Lane Granary_Road Weighhouse_Hill'),
  },
  pl: {
    roots: list('Brzez Łęk Dąb Wierz Mokr Śliw Jawor Kamien'),
    endings: list('owicz ecki ańska iński ownik yński'),
    trades: list('Narzędzia Żywność Optyka Spedycja Elektronika Meble Opakowania Chemia'),
    firstNames: list('Świętosława Paweł Małgorzata Łukasz Żaneta Grzegorz Bożena Michał'),
    streets: list('Garbarska Portowa Młyńska Spichrzowa Żeglarska'),
  },
  cs: {
    roots: list('Hrad Květ Dřev Jeř Stříb Vlt Žďár'),
    endings: list('ecký áková íček ovský ínský áčková'),
    trades: list('Nástroje Potraviny Optika Přeprava Elektronika Nábytek Obaly'),
    firstNames: list('Božena Jiří Růžena Matěj Žofie Ondřej Ludmila Řehoř'),
    streets: list('Koželužská Přístavní Mlýnská Sýpková'),
  },
  ja: {
    roots: list('霧 青 白 遠 鶴 朝 深 若'),
    endings: list('瀬 峰 原 沢 浜 森 崎 島'),
    trades: list('商事 製作所 食品 電機 運輸 化学 光学'),
    firstNames: list('陽菜 健太 美咲 翔 結衣 大輔 さくら 蓮'),
    streets: list('本町 港通 桜台 川端'),
  },
}

export function inventSurname(random: SeededRandom, language: Language): string {
  const { roots, endings } = PARTS[language]
  return `${random.pick(roots)}${random.pick(endings)}`
}

export function inventFirstName(random: SeededRandom, language: Language): string {
  return random.pick(PARTS[language].firstNames)
}

export function inventCompanyName(random: SeededRandom, country: Country): string {
  const stem = inventSurname(random, country.language)
  const trade = random.pick(PARTS[country.language].trades)
  const form = random.pick(country.legalForms)
  return country.language === 'ja' ? `${form}${stem}${trade}` : `${stem} ${trade} ${form}`
}

export function inventStreet(random: SeededRandom, language: Language): string {
  return random.pick(PARTS[language].streets).replaceAll('_', ' ')
}

/** Lower-case ASCII with dashes, fit for a domain; `undefined` where nothing Latin is left. */
export function formatSlug(name: string): string | undefined {
  const latin = name
    .replaceAll(/[łŁ]/g, 'l')
    .replaceAll('ß', 'ss')
    .normalize('NFD')
    .replaceAll(/\p{M}/gu, '')
    .toLowerCase()
  const slug = latin.replaceAll(/[^a-z0-9]+/g, '-').replaceAll(/^-|-$/g, '')
  return slug === '' ? undefined : slug
}
