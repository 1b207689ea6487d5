namespace Exai.Core.Admission;

/// <summary>
/// Who is connected: while another session is, none is granted the last permit of all. Counted, so that two links of one session may
/// overlap while the shim reconnects. Thread-safe.
/// </summary>
public interface ISessionPresence
{
    void SessionConnected(string sessionId);

    void SessionLeft(string sessionId);
}
