using System.Buffers;
using System.Text.Json;
using Exai.Protocol;

namespace Exai.Settings.Home;

/// <summary>Which daemon serves a home, and where.</summary>
/// <param name="Epoch">The UUID of its start; empty when the file does not say.</param>
/// <param name="Port">0 when the file does not say.</param>
/// <param name="Certificates">SHA-256 of those that its ports show, with a space between them; empty when they speak plain.</param>
public readonly record struct DaemonAddress(string Epoch, int Port, string Certificates = "");

/// <summary>The health file of a home. It helps to find the daemon and tells people how it is; whether it answers, only the dial tells.</summary>
public static class HealthFile
{
    /// <summary>Many times what a daemon writes; a longer one is nobody's.</summary>
    private const int LongestFile = 64 * 1024;

    /// <summary>What the file says; null when it is missing, unreadable, cut short or no health document. Members that are missing have their defaults.</summary>
    public static HealthDocument? TryRead(ExaiHome home)
    {
        try
        {
            // A writer may replace the file meanwhile; that must not fail because it is being read.
            using var stream = new FileStream(home.HealthFile, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
            return JsonSerializer.Deserialize(stream, HomeJson.Default.HealthDocument) is { } document ? WithoutNulls(document) : null;
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException or JsonException)
        {
            return null;
        }
    }

    /// <summary>
    /// The same for those who ask many times a second, as every shim without a daemon does: no exception where there is no file, and
    /// nothing read but the address.
    /// </summary>
    public static DaemonAddress? TryReadAddress(ExaiHome home)
    {
        if (!File.Exists(home.HealthFile))
        {
            return null;
        }

        var bytes = ArrayPool<byte>.Shared.Rent(LongestFile);
        try
        {
            using var file = File.OpenHandle(home.HealthFile, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
            return ReadAddress(bytes.AsSpan(0, RandomAccess.Read(file, bytes, fileOffset: 0)));
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException or JsonException or InvalidOperationException or FormatException)
        {
            return null;
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(bytes);
        }
    }

    /// <summary>Replaces the file whole.</summary>
    /// <exception cref="IOException">It cannot be written.</exception>
    /// <exception cref="UnauthorizedAccessException">This user may not write it.</exception>
    public static void Write(ExaiHome home, HealthDocument document) =>
        OwnerOnlyFile.WriteAllText(home.HealthFile, JsonSerializer.Serialize(document, HomeJson.Default.HealthDocument) + "\n");

    /// <summary>Removes whatever an earlier daemon left, before a new one listens.</summary>
    public static void Delete(ExaiHome home) => File.Delete(home.HealthFile);

    /// <summary>Removes the file if this daemon wrote it: its successor's must stay.</summary>
    /// <returns>True when it was removed.</returns>
    public static bool DeleteIfEpoch(ExaiHome home, string epoch)
    {
        if (TryReadAddress(home) is not { } address || address.Epoch != epoch)
        {
            return false;
        }

        File.Delete(home.HealthFile);
        return true;
    }

    private static DaemonAddress? ReadAddress(ReadOnlySpan<byte> json)
    {
        var reader = new Utf8JsonReader(json);
        if (!reader.Read() || reader.TokenType != JsonTokenType.StartObject)
        {
            return null;
        }

        var address = new DaemonAddress("", 0);
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            var (isEpoch, isPort) = (reader.ValueTextEquals("epoch"u8), reader.ValueTextEquals("port"u8));
            var isTls = reader.ValueTextEquals("tls_certificates"u8);
            reader.Read();
            if (isEpoch)
            {
                address = address with { Epoch = reader.GetString() ?? "" };
            }
            else if (isPort)
            {
                address = address with { Port = reader.GetInt32() };
            }
            else if (isTls && reader.TokenType == JsonTokenType.StartArray)
            {
                while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
                {
                    address = address with { Certificates = $"{address.Certificates} {reader.GetString()}".TrimStart() };
                }
            }

            reader.Skip();
        }

        // Nothing but white space may follow.
        reader.Read();
        return address;
    }

    /// <summary>A reader that was built before a member existed, or after it was dropped, must not trip over it.</summary>
    private static HealthDocument WithoutNulls(HealthDocument document) => document with
    {
        Host = document.Host ?? "",
        Epoch = document.Epoch ?? "",
        Version = document.Version ?? "",
        UptimeHuman = document.UptimeHuman ?? "",
        Status = document.Status ?? "",
        Problems = document.Problems ?? [],
        TlsCertificates = document.TlsCertificates ?? [],
    };
}
