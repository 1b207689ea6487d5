using System.Text.RegularExpressions;

namespace Exai.Files;

/// <summary>
/// Files that hold keys, passwords or tokens by their name or their first line. They are refused wherever they lie: what a model
/// reads leaves the machine.
/// </summary>
internal static partial class Secrets
{
    private static readonly HashSet<string> Folders = new(StringComparer.OrdinalIgnoreCase)
    {
        ".ssh", ".gnupg", ".aws", ".azure", ".kube", ".docker", ".password-store", ".git", ".hg", ".svn", "gcloud", "keychains",
    };

    /// <summary>What its name says it is; null for a file like any other.</summary>
    /// <param name="path">Absolute.</param>
    public static string? ByName(string path)
    {
        var name = Path.GetFileName(path);
        if (PrivateFile().IsMatch(name) && !Example().IsMatch(name))
        {
            return "its name is that of a file with secrets";
        }

        for (var folder = Path.GetDirectoryName(path); folder is not null; folder = Path.GetDirectoryName(folder))
        {
            if (Folders.Contains(Path.GetFileName(folder)))
            {
                return $"it lies in {Path.GetFileName(folder)}";
            }
        }

        return null;
    }

    /// <summary>Whether the content begins as a private key does.</summary>
    public static bool IsKey(ReadOnlySpan<byte> start)
    {
        var text = start.TrimStart("\uFEFF \t\r\n"u8);
        return text.StartsWith("-----BEGIN "u8) && text[..Math.Min(text.Length, 64)].IndexOf("PRIVATE KEY"u8) > 0
            || text.StartsWith("PuTTY-User-Key-File-"u8);
    }

    [GeneratedRegex("""
        ^(
          \.env(\..+)? | .+\.env | env\.local
        | .*\.(pem|key|p12|pfx|p8|jks|keystore|kdbx|ppk|asc|gpg|ovpn|mobileprovision)
        | id_(rsa|dsa|ecdsa|ed25519)(_sk)?([._-].*)?
        | \.netrc | _netrc | \.npmrc | \.yarnrc\.yml | \.pypirc | \.pgpass | \.my\.cnf | \.htpasswd | \.git-credentials | \.dockercfg | \.vault-token | \.s3cfg | \.boto
        | credentials(\.(json|ya?ml|toml|ini|xml|csv))? | client_secret.*\.json | service[-_]?account.*\.json | application_default_credentials\.json
        | secrets?\.(json|ya?ml|toml|ini|properties|env|xml) | .*\.tfvars(\.json)? | .*\.tfstate(\..+)? | (shadow|gshadow|sudoers|master\.key)
        )$
        """, RegexOptions.IgnoreCase | RegexOptions.IgnorePatternWhitespace | RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture | RegexOptions.NonBacktracking)]
    private static partial Regex PrivateFile();

    /// <summary>What projects publish to show the shape of such a file.</summary>
    [GeneratedRegex("""^.*[._-](example|sample|template|dist|defaults|schema)(\.\w+)?$|\.pub$""", RegexOptions.IgnoreCase | RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture | RegexOptions.NonBacktracking)]
    private static partial Regex Example();
}
