using System.Buffers.Text;
using System.Security.Cryptography;

namespace Exai.Settings.Home;

/// <summary>The secret that shim and daemon share when no setting gives one.</summary>
public static class TokenFile
{
    /// <summary>Fewest characters of a token, wherever it comes from.</summary>
    public const int MinimumLength = 16;

    /// <summary>The token of this home, made at the first call: 32 random bytes, base64url. Processes that start together agree on one.</summary>
    /// <exception cref="HomeException">The file holds no usable token, or cannot be read or written. It is never replaced or done without.</exception>
    public static string ReadOrCreate(ExaiHome home)
    {
        try
        {
            if (!File.Exists(home.TokenFile))
            {
                OwnerOnlyFile.TryCreate(home.TokenFile, Base64Url.EncodeToString(RandomNumberGenerator.GetBytes(32)) + "\n");
            }

            return Usable(Read(home)) ?? throw new HomeException(
                home.TokenFile, $"it holds no token of at least {MinimumLength} printable characters", "Delete it, and a new one is made");
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw new HomeException(
                home.TokenFile,
                $"the token cannot be read or written ({exception.Message.TrimEnd('.')})",
                "Let this user read and write the file, or set EXAI_WS_TOKEN",
                exception);
        }
    }

    /// <summary>The token of this home; null when there is none that can be used. Cheap enough for each dial.</summary>
    public static string? TryRead(ExaiHome home)
    {
        try
        {
            // A shim that waits for its first daemon asks at each dial: that there is no file yet is no exception.
            return File.Exists(home.TokenFile) ? Usable(Read(home)) : null;
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    private static string Read(ExaiHome home) => File.ReadAllText(home.TokenFile).Trim();

    private static string? Usable(string token) =>
        token.Length >= MinimumLength && !token.AsSpan().ContainsAnyExceptInRange('!', '~') ? token : null;
}
