using System.Text;

namespace Exai.Cli.Client;

/// <summary>Reads logs that somebody else is writing.</summary>
internal static class LogText
{
    /// <summary>The end of a file, from the beginning of a line; empty when it cannot be read.</summary>
    public static string Tail(string path, int mostBytes)
    {
        try
        {
            using var stream = Open(path);
            var cut = stream.Length > mostBytes;
            stream.Seek(Math.Max(0, stream.Length - mostBytes), SeekOrigin.Begin);
            using var reader = new StreamReader(stream, Encoding.UTF8);
            if (cut)
            {
                reader.ReadLine();
            }

            return reader.ReadToEnd();
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            return "";
        }
    }

    public static FileStream Open(string path) => new(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
}
