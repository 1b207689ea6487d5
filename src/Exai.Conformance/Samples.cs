using ModelContextProtocol.Protocol;

namespace Exai.Conformance;

/// <summary>The smallest files of their kinds.</summary>
internal static class Samples
{
    /// <summary>A red pixel.</summary>
    private static readonly byte[] Png = Convert.FromBase64String(
        "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8DwHwAFBQIAX8jx0gAAAABJRU5ErkJggg==");

    /// <summary>A sound without samples.</summary>
    private static readonly byte[] Wav = Convert.FromBase64String("UklGRiYAAABXQVZFZm10IBAAAAABAAEAQB8AAAB9AAACABAAZGF0YQIAAAA=");

    public static ImageContentBlock Image => ImageContentBlock.FromBytes(Png, "image/png");

    public static AudioContentBlock Audio => AudioContentBlock.FromBytes(Wav, "audio/wav");

    public static BlobResourceContents Blob(string uri) => BlobResourceContents.FromBytes(Png, uri, "image/png");

    public static TextContentBlock Text(string text) => new() { Text = text };

    public static EmbeddedResourceBlock Embedded(string uri, string mediaType, string text) =>
        new() { Resource = new TextResourceContents { Uri = uri, MimeType = mediaType, Text = text } };
}
