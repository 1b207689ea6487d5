using System.Net.Http.Headers;
using System.Security.Cryptography;
using System.Text;

namespace Exai.Core.Providers.Services;

/// <summary>A file and its fields as a form.</summary>
internal static class UploadBody
{
    /// <summary>The name without folders of either kind: where it lay is nobody's business.</summary>
    public static string BareName(string name) => name[(name.LastIndexOfAny(['/', '\\']) + 1)..];

    public static string Sha256(FileUpload file) => Convert.ToHexStringLower(SHA256.HashData(file.Bytes.Span));

    public static MultipartContent Create(FileUpload file, params ReadOnlySpan<(string Name, string Value)> fields)
    {
        // Named by the content, so that equal uploads are equal bytes.
        var form = new MultipartContent("form-data", "exai-" + Sha256(file)[..32])
        {
            // Names beyond ASCII go as they are, the way browsers send them; servers read the encoded form badly.
            HeaderEncodingSelector = (_, _) => Encoding.UTF8,
        };
        foreach (var (name, value) in fields)
            form.Add(Part(new ByteArrayContent(Encoding.UTF8.GetBytes(value)), $"form-data; name=\"{name}\""));

        var content = new ReadOnlyMemoryContent(file.Bytes);
        content.Headers.ContentType = MediaTypeHeaderValue.TryParse(file.MediaType, out var type) ? type : new MediaTypeHeaderValue("application/octet-stream");
        form.Add(Part(content, $"form-data; name=\"file\"; filename=\"{Escaped(BareName(file.Name))}\""));
        return form;
    }

    private static HttpContent Part(HttpContent content, string disposition)
    {
        content.Headers.TryAddWithoutValidation("Content-Disposition", disposition);
        return content;
    }

    /// <summary>A quote or a line break would end the name, or the header.</summary>
    private static string Escaped(string name)
    {
        var text = new StringBuilder(name.Length);
        foreach (var character in name)
        {
            if (character == '"')
                text.Append("%22");
            else if (!char.IsControl(character))
                text.Append(character);
        }

        return text.ToString();
    }
}
