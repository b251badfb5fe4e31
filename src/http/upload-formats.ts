import type { IncomingHttpHeaders } from 'node:http';
import { badInput } from '../core/errors.js';
import type { ImportFormat } from '../core/ports/sources.js';

const listed = (words: readonly string[]): string =>
  words.length < 2 ? words.join('') : `${words.slice(0, -1).join(', ')} or ${words.at(-1)}`;

/** Tells the format of an upload by its content type, else by the end of its file name. */
export class UploadFormats {
  readonly whatToSend: string;

  /** @param multipart whether the file may be a part, beside its mapping */
  constructor(
    private readonly formats: readonly ImportFormat[],
    { multipart }: { readonly multipart: boolean },
  ) {
    const types = formats.map(({ contentTypes: [type] }) => type);
    this.whatToSend = multipart
      ? `send ${listed(types)}, or multipart/form-data with the parts mapping and file`
      : `send ${listed(types)}`;
  }

  /** Name of the format of a body. BAD_USER_INPUT for one that no format has. */
  ofRequest(headers: IncomingHttpHeaders): string {
    const type = (headers['content-type'] ?? '').split(';')[0]?.trim().toLowerCase() ?? '';
    const file = /\bfilename="([^"]*)"/i.exec(headers['content-disposition'] ?? '')?.[1];
    const format = this.find(type, file);
    if (format !== undefined) return format;
    if (file !== undefined) throw badInput(`the file name '${file.slice(-100)}' ends in no format`, this.whatToName());
    throw badInput(
      type ? `the content type '${type.slice(0, 100)}' is not supported` : 'the content type is missing',
      this.whatToSend,
    );
  }

  /** The same of the part `file`. */
  ofPart({ mimetype, filename }: { readonly mimetype: string; readonly filename: string }): string {
    const format = this.find(mimetype, filename);
    if (format !== undefined) return format;
    throw badInput(
      "the type of the part 'file' is not known",
      `give the part a content type, or its file name ${this.suffixes(([first]) => [first])}`,
    );
  }

  private find(type: string, file = ''): string | undefined {
    const suffix = /\.(\w+)$/.exec(file)?.[1]?.toLowerCase() ?? '';
    const format =
      this.formats.find(({ contentTypes }) => contentTypes.includes(type)) ??
      this.formats.find(({ suffixes }) => suffixes.includes(suffix));
    return format?.name;
  }

  private whatToName(): string {
    return `the names of files end in ${this.suffixes((all) => all)}`;
  }

  private suffixes(those: (suffixes: ImportFormat['suffixes']) => readonly string[]): string {
    return listed(this.formats.flatMap(({ suffixes }) => those(suffixes).map((suffix) => `.${suffix}`)));
  }
}
