using System.Net.Security;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;

namespace Exai.Settings.Certificates;

/// <summary>
/// One client's look at its daemon's certificate: the options for the handshake, and afterwards the reason when it was refused.
/// TLS 1.2 and 1.3 alone. Nothing is fetched from the network for it: neither missing certificates nor lists of revoked ones.
/// </summary>
/// <param name="host">The name or address that was dialled, with or without brackets.</param>
public sealed class ServerCheck(TlsTrust trust, string host)
{
    private const string ServerAuthentication = "1.3.6.1.5.5.7.3.1";

    private readonly string _host = host.Trim('[', ']');

    /// <summary>Why the certificate is not taken, in sentences that say what to do; null when it was, or none came.</summary>
    public string? Refusal { get; private set; }

    /// <summary>For whom the certificate of this home's daemon is, when it is not for the host that was dialled; null otherwise.</summary>
    public string? OtherNames { get; private set; }

    public SslClientAuthenticationOptions Options() => new()
    {
        TargetHost = _host,
        EnabledSslProtocols = SslProtocols.Tls12 | SslProtocols.Tls13,
        CertificateChainPolicy = Policy(),
        RemoteCertificateValidationCallback = (_, certificate, chain, errors) => Judge(certificate, chain, errors),
    };

    private bool Judge(X509Certificate? certificate, X509Chain? chain, SslPolicyErrors errors)
    {
        if (errors == SslPolicyErrors.None)
        {
            return true;
        }

        if (certificate is not X509Certificate2 shown || chain is null)
        {
            Refusal = "It shows none.";
            return false;
        }

        if (trust.Knows(shown))
        {
            OtherNames = errors.HasFlag(SslPolicyErrors.RemoteCertificateNameMismatch) ? CertificateText.Names(shown) : null;
            return true;
        }

        Refusal = string.Join(' ', Faults(shown, chain, errors)) is { Length: > 0 } faults ? faults : null;
        return Refusal is null;
    }

    private IEnumerable<string> Faults(X509Certificate2 shown, X509Chain chain, SslPolicyErrors errors)
    {
        if (errors.HasFlag(SslPolicyErrors.RemoteCertificateNameMismatch))
        {
            yield return $"It is for {CertificateText.Names(shown)}, and not for {_host}: dial one of its names, or give the daemon a certificate for {_host} (EXAI_TLS_CERT).";
        }

        if (errors.HasFlag(SslPolicyErrors.RemoteCertificateChainErrors))
        {
            foreach (var fault in ChainFaults(shown, chain))
            {
                yield return fault;
            }
        }
    }

    /// <summary>By the system's authorities it is not good: whether it is by those of EXAI_TLS_CA, and if not, why.</summary>
    private List<string> ChainFaults(X509Certificate2 shown, X509Chain system)
    {
        if (trust.Authorities is not { } file)
        {
            return [.. Describe(shown, system, "or name a file with its authority in EXAI_TLS_CA")];
        }

        try
        {
            using var own = new X509Chain { ChainPolicy = Policy() };
            own.ChainPolicy.ApplicationPolicy.Add(new System.Security.Cryptography.Oid(ServerAuthentication));
            own.ChainPolicy.TrustMode = X509ChainTrustMode.CustomRootTrust;
            own.ChainPolicy.CustomTrustStore.AddRange(AuthoritiesFile.Read(file));
            own.ChainPolicy.ExtraStore.AddRange(system.ChainPolicy.ExtraStore);
            return own.Build(shown) ? [] : [.. Describe(shown, own, $"or add its authority to EXAI_TLS_CA={file}, which does not hold it")];
        }
        catch (CertificateException unreadable)
        {
            return [.. Describe(shown, system, "or mend EXAI_TLS_CA"), unreadable.Message];
        }
    }

    private static IEnumerable<string> Describe(X509Certificate2 shown, X509Chain chain, string mend)
    {
        var all = chain.ChainStatus.Aggregate(X509ChainStatusFlags.NoError, (flags, status) => flags | status.Status);
        foreach (var late in chain.ChainElements.Where(element => element.ChainElementStatus.Any(status => status.Status == X509ChainStatusFlags.NotTimeValid)))
        {
            var which = late.Certificate.Equals(shown) ? "It" : $"The certificate of its authority {late.Certificate.Subject}";
            yield return $"{which} is good from {CertificateText.Time(late.Certificate.NotBefore)} to {CertificateText.Time(late.Certificate.NotAfter)} only: renew it at the daemon, which needs no restart, or set this machine's clock.";
        }

        if ((all & (X509ChainStatusFlags.UntrustedRoot | X509ChainStatusFlags.PartialChain)) != X509ChainStatusFlags.NoError)
        {
            yield return $"It was signed by {shown.Issuer}, whom this machine does not trust: take a certificate of an authority that it knows, {mend}.";
        }

        const X509ChainStatusFlags Told = X509ChainStatusFlags.NotTimeValid | X509ChainStatusFlags.UntrustedRoot | X509ChainStatusFlags.PartialChain;
        if ((all & ~Told) != X509ChainStatusFlags.NoError)
        {
            yield return $"It is not one for this use ({all & ~Told}).";
        }
    }

    private static X509ChainPolicy Policy() => new() { RevocationMode = X509RevocationMode.NoCheck, DisableCertificateDownloads = true };
}
